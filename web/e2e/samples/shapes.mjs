// Small models that are made here, plain and with every compression of glTF: a base of 2 × 1 × 0.5 m in
// steel grey and a red lid above it, which an animation lifts.
import draco3d from "draco3d";
import { MeshoptEncoder } from "meshoptimizer";
import { createDefaultContainer, write } from "three/examples/jsm/libs/ktx-parse.module.js";

const SIDES = [
  [[0, 1, 2], 1],
  [[0, 1, 2], -1],
  [[1, 2, 0], 1],
  [[1, 2, 0], -1],
  [[2, 0, 1], 1],
  [[2, 0, 1], -1],
];

/** Places, normals, places in a picture and corners of the triangles of a box from `min` to `max`. */
function box(min, max) {
  const shape = { places: [], normals: [], pictures: [], corners: [] };
  for (const [[out, right, up], sign] of SIDES) {
    const first = shape.places.length / 3;
    for (const [u, v] of [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ]) {
      const place = [0, 0, 0];
      place[out] = sign > 0 ? max[out] : min[out];
      place[right] = u === 1 ? max[right] : min[right];
      place[up] = v === 1 ? max[up] : min[up];
      shape.places.push(...place);
      const normal = [0, 0, 0];
      normal[out] = sign;
      shape.normals.push(...normal);
      shape.pictures.push(u, v);
    }
    const turn = sign > 0 ? [0, 1, 2, 0, 2, 3] : [0, 2, 1, 0, 3, 2];
    shape.corners.push(...turn.map((corner) => first + corner));
  }
  return shape;
}

export const shapesOf = (lid = 1.4) => [
  { name: "Base", ...box([-1, 0, -0.25], [1, 1, 0.25]) },
  { name: "Lid", ...box([-1, 1.2, -0.25], [1, lid, 0.25]) },
];

const padded = (bytes, fill = 0) =>
  Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4, fill)]);
const bytesOf = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** A glTF document under construction, with its binary part. */
class Document {
  parts = [];
  length = 0;
  json = {
    asset: { version: "2.0" },
    scene: 0,
    scenes: [{ nodes: [] }],
    nodes: [],
    meshes: [],
    materials: [
      {
        name: "Steel",
        pbrMetallicRoughness: {
          baseColorFactor: [0.35, 0.4, 0.45, 1],
          metallicFactor: 0.1,
          roughnessFactor: 0.8,
        },
      },
      {
        name: "Paint",
        pbrMetallicRoughness: {
          baseColorFactor: [0.8, 0.02, 0.02, 1],
          metallicFactor: 0,
          roughnessFactor: 0.9,
        },
      },
    ],
    accessors: [],
    bufferViews: [],
    buffers: [{ byteLength: 0 }],
  };

  view(bytes, more = {}) {
    this.json.bufferViews.push({
      buffer: 0,
      byteOffset: this.length,
      byteLength: bytes.length,
      ...more,
    });
    const whole = padded(bytes);
    this.parts.push(whole);
    this.length += whole.length;
    return this.json.bufferViews.length - 1;
  }

  accessor(componentType, type, count, more = {}) {
    this.json.accessors.push({ componentType, type, count, ...more });
    return this.json.accessors.length - 1;
  }

  uses(...names) {
    this.json.extensionsUsed = names;
    this.json.extensionsRequired = names;
  }

  /** The shapes as nodes; `attributesOf` says how each is written. */
  add(shapes, primitiveOf) {
    shapes.forEach((shape, index) => {
      const primitive = { material: index, ...primitiveOf(shape) };
      this.json.meshes.push({ name: shape.name, primitives: [primitive] });
      this.json.nodes.push({ name: shape.name, mesh: index });
      this.json.scenes[0].nodes.push(index);
    });
    return this;
  }

  /** The second shape goes up and down again. */
  lift() {
    const times = new Float32Array([0, 1, 2]);
    const places = new Float32Array([0, 0, 0, 0, 0.5, 0, 0, 0, 0]);
    const input = this.accessor(5126, "SCALAR", 3, {
      bufferView: this.view(bytesOf(times)),
      min: [0],
      max: [2],
    });
    const output = this.accessor(5126, "VEC3", 3, { bufferView: this.view(bytesOf(places)) });
    this.json.animations = [
      {
        name: "Open",
        channels: [{ sampler: 0, target: { node: 1, path: "translation" } }],
        samplers: [{ input, output }],
      },
    ];
    return this;
  }

  glb() {
    const binary = Buffer.concat(this.parts);
    this.json.buffers[0].byteLength = binary.length;
    const text = padded(Buffer.from(JSON.stringify(this.json)), 0x20);
    const chunk = (kind, bytes) => {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(bytes.length, 0);
      head.writeUInt32LE(kind, 4);
      return Buffer.concat([head, bytes]);
    };
    const body = Buffer.concat([chunk(0x4e4f534a, text), chunk(0x004e4942, binary)]);
    const head = Buffer.alloc(12);
    head.writeUInt32LE(0x46546c67, 0);
    head.writeUInt32LE(2, 4);
    head.writeUInt32LE(12 + body.length, 8);
    return Buffer.concat([head, body]);
  }
}

const reach = (shape) => {
  const along = (axis) => shape.places.filter((_, index) => index % 3 === axis);
  return {
    min: [0, 1, 2].map((axis) => Math.min(...along(axis))),
    max: [0, 1, 2].map((axis) => Math.max(...along(axis))),
  };
};

function plainPrimitive(document) {
  return (shape) => {
    const count = shape.places.length / 3;
    const floats = (list) => document.view(bytesOf(new Float32Array(list)));
    return {
      attributes: {
        POSITION: document.accessor(5126, "VEC3", count, {
          bufferView: floats(shape.places),
          ...reach(shape),
        }),
        NORMAL: document.accessor(5126, "VEC3", count, { bufferView: floats(shape.normals) }),
        TEXCOORD_0: document.accessor(5126, "VEC2", count, { bufferView: floats(shape.pictures) }),
      },
      indices: document.accessor(5123, "SCALAR", shape.corners.length, {
        bufferView: document.view(bytesOf(new Uint16Array(shape.corners))),
      }),
    };
  };
}

export function plainGlb(lid) {
  const document = new Document();
  return document.add(shapesOf(lid), plainPrimitive(document)).lift().glb();
}

export async function dracoGlb() {
  const draco = await draco3d.createEncoderModule({});
  const document = new Document();
  document.uses("KHR_draco_mesh_compression");
  document.add(shapesOf(), (shape) => {
    const [encoder, builder, mesh] = [
      new draco.Encoder(),
      new draco.MeshBuilder(),
      new draco.Mesh(),
    ];
    const count = shape.places.length / 3;
    builder.AddFacesToMesh(mesh, shape.corners.length / 3, new Uint16Array(shape.corners));
    const add = (kind, list) =>
      builder.AddFloatAttributeToMesh(mesh, kind, count, 3, new Float32Array(list));
    const attributes = {
      POSITION: add(draco.POSITION, shape.places),
      NORMAL: add(draco.NORMAL, shape.normals),
    };
    encoder.SetEncodingMethod(draco.MESH_SEQUENTIAL_ENCODING);
    const packed = new draco.DracoInt8Array();
    const length = encoder.EncodeMeshToDracoBuffer(mesh, packed);
    if (length === 0) throw new Error("Draco packed nothing");
    const bytes = Buffer.from(Array.from({ length }, (_, at) => packed.GetValue(at) & 0xff));
    for (const one of [packed, mesh, builder, encoder]) draco.destroy(one);
    const extension = { bufferView: document.view(bytes), attributes };
    return {
      attributes: {
        POSITION: document.accessor(5126, "VEC3", count, reach(shape)),
        NORMAL: document.accessor(5126, "VEC3", count),
      },
      indices: document.accessor(5123, "SCALAR", shape.corners.length),
      extensions: { KHR_draco_mesh_compression: extension },
    };
  });
  return document.glb();
}

export async function meshoptGlb() {
  await MeshoptEncoder.ready;
  const document = new Document();
  document.uses("EXT_meshopt_compression");
  document.json.buffers.push({
    byteLength: 0,
    extensions: { EXT_meshopt_compression: { fallback: true } },
  });
  const [, fallback] = document.json.buffers;
  const packed = (array, count, size, mode) => {
    const source = new Uint8Array(bytesOf(array));
    const bytes = Buffer.from(MeshoptEncoder.encodeGltfBuffer(source, count, size, mode, 0));
    const view = document.view(bytes);
    const { byteOffset, byteLength } = document.json.bufferViews[view];
    const extension = { buffer: 0, byteOffset, byteLength, byteStride: size, count, mode };
    document.json.bufferViews[view] = {
      buffer: 1,
      byteOffset: fallback.byteLength,
      byteLength: count * size,
      ...(mode === "ATTRIBUTES" ? { byteStride: size } : {}),
      extensions: { EXT_meshopt_compression: extension },
    };
    fallback.byteLength += count * size;
    return view;
  };
  document.add(shapesOf(), (shape) => {
    const count = shape.places.length / 3;
    const floats = (list) => packed(new Float32Array(list), count, 12, "ATTRIBUTES");
    const corners = new Uint32Array(shape.corners);
    return {
      attributes: {
        POSITION: document.accessor(5126, "VEC3", count, {
          bufferView: floats(shape.places),
          ...reach(shape),
        }),
        NORMAL: document.accessor(5126, "VEC3", count, { bufferView: floats(shape.normals) }),
      },
      indices: document.accessor(5125, "SCALAR", corners.length, {
        bufferView: packed(corners, corners.length, 4, "TRIANGLES"),
      }),
    };
  });
  return document.glb();
}

/** Bits from the lowest on. */
function packBits(length, fields) {
  let [all, at] = [0n, 0n];
  for (const [value, bits] of fields) {
    all |= BigInt(value) << at;
    at += BigInt(bits);
  }
  return Uint8Array.from({ length }, (_, index) => Number((all >> BigInt(8 * index)) & 0xffn));
}

/** A picture of 8 × 8 points of one colour, as Basis Universal's UASTC: blocks of the kind that has one. */
export function uniformKtx2(red, green, blue) {
  const block = packBits(16, [
    [0x17, 5],
    [red, 8],
    [green, 8],
    [blue, 8],
    [255, 8],
    // How the same is said in ETC: the difference form, the flattest table, five bits a colour.
    [1, 1],
    [0, 3],
    [0, 2],
    [red >> 3, 5],
    [green >> 3, 5],
    [blue >> 3, 5],
  ]);
  const levelData = new Uint8Array(64);
  for (let at = 0; at < 64; at += 16) levelData.set(block, at);
  const container = createDefaultContainer();
  container.vkFormat = 0;
  container.typeSize = 1;
  container.pixelWidth = 8;
  container.pixelHeight = 8;
  container.levelCount = 1;
  container.levels = [{ levelData, uncompressedByteLength: levelData.length }];
  container.dataFormatDescriptor = [
    {
      vendorId: 0,
      descriptorType: 0,
      versionNumber: 2,
      colorModel: 166,
      colorPrimaries: 1,
      transferFunction: 2,
      flags: 0,
      texelBlockDimension: [3, 3, 0, 0],
      bytesPlane: [16, 0, 0, 0, 0, 0, 0, 0],
      samples: [
        {
          bitOffset: 0,
          bitLength: 127,
          channelType: 0,
          samplePosition: [0, 0, 0, 0],
          sampleLower: [0],
          sampleUpper: [4294967295],
        },
      ],
    },
  ];
  return Buffer.from(write(container));
}

/** All green, by a picture that lies in the file. */
export function ktx2Glb() {
  const document = new Document();
  document.uses("KHR_texture_basisu");
  document.add(shapesOf(), plainPrimitive(document));
  const { json } = document;
  json.images = [{ mimeType: "image/ktx2", bufferView: document.view(uniformKtx2(20, 160, 40)) }];
  json.textures = [{ extensions: { KHR_texture_basisu: { source: 0 } } }];
  for (const { pbrMetallicRoughness: look } of json.materials)
    Object.assign(look, { baseColorTexture: { index: 0 }, baseColorFactor: [1, 1, 1, 1] });
  return document.glb();
}
