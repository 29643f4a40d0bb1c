import { Mesh, MeshStandardMaterial, type Object3D } from "three";
import { zipSync } from "three/examples/jsm/libs/fflate.module.js";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { refusal, serve } from "../../test/app";
import { CannotShow } from "../shared/file";
import { Dependencies } from "./dependencies";
import { loadModel } from "./load";

const inPage = globalThis.fetch;
const OF = { databaseId: "plant", assetId: "table" };
const TRIANGLE = new Float32Array([0, 0, 0, 2, 0, 0, 0, 3, 0]);

const GLTF = JSON.stringify({
  asset: { version: "2.0" },
  scenes: [{ nodes: [0] }],
  scene: 0,
  nodes: [{ mesh: 0 }],
  meshes: [{ primitives: [{ attributes: { POSITION: 0 } }] }],
  accessors: [
    { bufferView: 0, componentType: 5126, count: 3, type: "VEC3", min: [0, 0, 0], max: [2, 3, 0] },
  ],
  bufferViews: [{ buffer: 0, byteLength: 36 }],
  buffers: [{ uri: "table.bin", byteLength: 36 }],
});
const STL = `solid a
facet normal 0 0 1
outer loop
vertex 0 0 0
vertex 4 0 0
vertex 0 0 5
endloop
endfacet
endsolid a`;
const OBJ = "mtllib table.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl red\nf 1 2 3\n";

const FBX = `; FBX 7.4.0 project file
FBXHeaderExtension:  {
	FBXVersion: 7400
}
GlobalSettings:  {
	Version: 1000
	Properties70:  {
		P: "UnitScaleFactor", "double", "Number", "",100
	}
}
Objects:  {
	Geometry: 11, "Geometry::roof", "Mesh" {
		Vertices: *9 {
			a: 0,0,0,2,0,0,0,3,0
		}
		PolygonVertexIndex: *3 {
			a: 0,1,-3
		}
		GeometryVersion: 124
	}
	Model: 12, "Model::roof", "Mesh" {
		Version: 232
		Properties70:  {
			P: "InheritType", "enum", "", "",1
		}
	}
}
Connections:  {
	C: "OO",12,0
	C: "OO",11,12
}
`;
const DAE = `<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<asset><unit name="centimeter" meter="0.01"/><up_axis>Y_UP</up_axis></asset>
<library_geometries><geometry id="g"><mesh>
<source id="p"><float_array id="a" count="9">0 0 0 2 0 0 0 3 0</float_array><technique_common>
<accessor source="#a" count="3" stride="3"><param name="X" type="float"/><param name="Y" type="float"/>
<param name="Z" type="float"/></accessor></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<triangles count="1"><input semantic="VERTEX" source="#v" offset="0"/><p>0 1 2</p></triangles>
</mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="s"><node id="n" name="roof"><instance_geometry url="#g"/></node>
</visual_scene></library_visual_scenes>
<scene><instance_visual_scene url="#s"/></scene>
</COLLADA>`;

/** One triangle named roof. */
function threeDs(): Uint8Array<ArrayBuffer> {
  const chunk = (id: number, ...parts: Uint8Array[]) => {
    const body = parts.flatMap((part) => [...part]);
    const head = new DataView(new ArrayBuffer(6));
    head.setUint16(0, id, true);
    head.setUint32(2, 6 + body.length, true);
    return new Uint8Array([...new Uint8Array(head.buffer), ...body]);
  };
  const words = (...list: number[]) => new Uint8Array(new Uint16Array(list).buffer);
  const points = chunk(0x4110, words(3), new Uint8Array(TRIANGLE.buffer));
  const faces = chunk(0x4120, words(1, 0, 1, 2, 7));
  const name = new TextEncoder().encode("roof\0");
  const object = chunk(0x4000, name, chunk(0x4100, points, faces));
  return chunk(0x4d4d, chunk(0x3d3d, object));
}

function threeMf(): Uint8Array<ArrayBuffer> {
  const text = (content: string) => new TextEncoder().encode(content);
  const corner = (x: number, y: number) => `<vertex x="${x}" y="${y}" z="0"/>`;
  return new Uint8Array(
    zipSync({
      "_rels/.rels": text(
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel" Target="/3D/3dmodel.model"/></Relationships>',
      ),
      "3D/3dmodel.model": text(
        `<?xml version="1.0"?><model unit="inch" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02"><resources><object id="1" type="model"><mesh><vertices>${corner(0, 0)}${corner(2, 0)}${corner(0, 3)}</vertices><triangles><triangle v1="0" v2="1" v3="2"/></triangles></mesh></object></resources><build><item objectid="1"/></build></model>`,
      ),
    }),
  );
}

/** A server with these files, which also gives what loaders fetch from the page itself. */
function library(files: Record<string, BodyInit>) {
  const calls = serve(({ path }) => {
    const [, name] = /\/download\/stream\/([^?]+)/.exec(path) ?? [];
    if (name !== undefined) {
      const content = files[`/${decodeURIComponent(name)}`];
      return content === undefined ? refusal(404, "File not found") : new Response(content);
    }
    if (path.includes("/listFiles"))
      return {
        items: Object.keys(files).map((relativePath) => ({ relativePath, isFolder: false })),
        NextToken: null,
      };
    return refusal(500, `unexpected ${path}`);
  });
  return calls;
}

const open = (path: string, version: object = {}) =>
  loadModel({ of: OF, path, size: null, ...version });

function firstMesh(object: Object3D): Mesh {
  let found: Mesh | undefined;
  object.traverse((one) => {
    if (one instanceof Mesh) found ??= one as Mesh;
  });
  if (found === undefined) throw new Error("no mesh");
  return found;
}

describe("models", () => {
  const blobs = new Map<string, Blob>();
  beforeEach(() => {
    blobs.clear();
    URL.createObjectURL = (blob: Blob) => {
      const address = `blob:test/${blobs.size}`;
      blobs.set(address, blob);
      return address;
    };
    URL.revokeObjectURL = (address: string) => void blobs.delete(address);
  });

  // Loaders fetch the page's own addresses, which come from memory.
  const withBlobs = () => {
    const server = globalThis.fetch;
    vi.stubGlobal("fetch", async (asked: string | Request, init?: RequestInit) => {
      const url = typeof asked === "string" ? asked : asked.url;
      if (url.startsWith("data:")) return inPage(url);
      const blob = blobs.get(url);
      return blob === undefined ? server(url, init ?? {}) : new Response(await blob.arrayBuffer());
    });
  };

  test("glTF takes its geometry from a file of the same version of the asset", async () => {
    const calls = library({ "/m/table.gltf": GLTF, "/m/table.bin": TRIANGLE.buffer });
    withBlobs();
    const model = await open("/m/table.gltf", { assetVersionId: "3" });
    expect(model.facts).toMatchObject({ triangles: 1, parts: 1, size: [2, 3, 0] });
    expect(model.missing?.()).toEqual([]);
    expect(model.unit).toBe("m");
    expect(calls.map((call) => call.path)).toSatisfy((paths: string[]) =>
      paths.every((path) => path.includes("assetVersionId=3")),
    );
    model.dispose();
    expect(blobs.size).toBe(0);
  });

  test("glTF with geometry compressed by meshopt", async () => {
    const document = JSON.parse(GLTF) as Record<string, unknown>;
    const compressed = "oer6qgCAfwAAgAAAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
    document["buffers"] = [
      { uri: `data:application/octet-stream;base64,${compressed}`, byteLength: 37 },
      { byteLength: 36, extensions: { EXT_meshopt_compression: { fallback: true } } },
    ];
    const by = { buffer: 0, byteLength: 37, byteStride: 12, count: 3, mode: "ATTRIBUTES" };
    document["bufferViews"] = [
      { buffer: 1, byteLength: 36, extensions: { EXT_meshopt_compression: by } },
    ];
    document["extensionsRequired"] = ["EXT_meshopt_compression"];
    document["extensionsUsed"] = ["EXT_meshopt_compression"];
    library({ "/m/table.gltf": JSON.stringify(document) });
    withBlobs();
    const model = await open("/m/table.gltf");
    const corners = firstMesh(model.object).geometry.getAttribute("position").array;
    expect([...corners]).toEqual([...TRIANGLE]);
  });

  test("glTF without its geometry says which file is missing", async () => {
    library({ "/m/table.gltf": GLTF });
    await expect(open("/m/table.gltf")).rejects.toThrow(/needs the file “table.bin”/);
  });

  test("an address that a file contains is never asked", () => {
    const others = new Dependencies({ of: OF, path: "/m/table.gltf", size: null });
    for (const name of ["https://elsewhere.example/oak.png", "//elsewhere.example/oak.png"])
      expect(others.addressOf(name)).toMatch(/^data:image\/png/);
    expect(others.missing.size).toBe(2);
    expect(others.addressOf("blob:of/loader")).toBe("blob:of/loader");
  });

  test("the version of the file is asked for", async () => {
    const calls = library({ "/a.stl": STL });
    const model = await open("/a.stl", { versionId: "v7" });
    expect(calls[0]?.path).toContain("versionId=v7");
    expect(model.facts).toMatchObject({ triangles: 1, points: 0, parts: 1, size: [4, 0, 5] });
  });

  test("OBJ takes its colours from the library that it names", async () => {
    library({ "/m/table.obj": OBJ, "/m/table.mtl": "newmtl red\nKd 1 0 0\n" });
    const model = await open("/m/table.obj");
    const material = firstMesh(model.object).material as unknown as MeshStandardMaterial;
    expect(material.name).toBe("red");
    expect(material.color.r).toBeCloseTo(1);
    expect(material.color.g).toBeCloseTo(0);
  });

  test("OBJ without its library is shown, and says so", async () => {
    library({ "/m/table.obj": OBJ });
    const model = await open("/m/table.obj");
    expect(model.facts.triangles).toBe(1);
    expect(model.missing?.()).toEqual(["table.mtl"]);
  });

  test("PLY without faces is a cloud of points", async () => {
    const head =
      "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nend_header\n";
    library({ "/scan.ply": `${head}0 0 0\n1 1 1\n` });
    expect((await open("/scan.ply")).facts).toEqual({
      triangles: 0,
      points: 2,
      parts: 1,
      vertices: 2,
      size: [1, 1, 1],
    });
  });

  test("3DS, whose z points up", async () => {
    library({ "/old.3ds": threeDs() });
    const model = await open("/old.3ds");
    expect(model.facts).toMatchObject({ triangles: 1, size: [2, 3, 0] });
    expect([model.zUp, model.unit]).toEqual([true, ""]);
    expect(firstMesh(model.object).name).toBe("roof");
  });

  test("Collada, brought to metres", async () => {
    library({ "/a.dae": DAE });
    const model = await open("/a.dae");
    expect(model.facts).toMatchObject({ triangles: 1, size: [0.02, 0.03, 0] });
    expect(model.unit).toBe("m");
  });

  test("3MF says its unit", async () => {
    library({ "/a.3mf": threeMf() });
    const model = await open("/a.3mf");
    expect(model.facts).toMatchObject({ triangles: 1, size: [2, 3, 0] });
    expect([model.zUp, model.unit]).toEqual([true, "in"]);
  });

  test("FBX says its unit", async () => {
    library({ "/a.fbx": FBX });
    const model = await open("/a.fbx");
    expect(model.facts).toMatchObject({ triangles: 1, size: [2, 3, 0] });
    expect(model.unit).toBe("m");
  });

  test.each([
    ["/a.glb", "this is no model"],
    ["/a.glb", ""],
    ["/a.gltf", "{"],
    ["/a.stl", "short"],
    ["/a.obj", "nothing here"],
    ["/a.ply", "no header"],
    ["/a.fbx", "no fbx"],
    ["/a.dae", "<broken"],
    ["/a.3mf", "no zip"],
    ["/a.3ds", "no chunks"],
  ])("%s with %j is refused with a reason", async (path, content) => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    library({ [path]: content });
    const failure = await open(path).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(CannotShow);
    expect((failure as CannotShow).message).toContain("is damaged, or is not what its name says");
  });

  test("what the server says stays as it is", async () => {
    library({});
    await expect(open("/a.stl")).rejects.toMatchObject({ name: "ApiError", status: 404 });
  });

  test("a file beyond the limit is not fetched", async () => {
    const calls = library({ "/a.stl": STL });
    const huge = { of: OF, path: "/a.stl", size: 900_000_000 };
    await expect(loadModel(huge)).rejects.toThrow("a.stl has 900 MB; up to 500 MB are shown here.");
    expect(calls).toEqual([]);
  });
});
