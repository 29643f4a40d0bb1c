import { describe, expect, test } from "vitest";
import {
  BASE,
  gltfDocument,
  gltfExtensions,
  gltfReferences,
  objLibraries,
  picturesNamedIn,
  resolveReference,
} from "./references";

const FILES = ["/gltf/table.gltf", "/gltf/table.bin", "/gltf/maps/Oak wood.png", "/oak.png"];

describe("a name in a model", () => {
  test.each([
    ["table.bin", "/gltf/table.bin"],
    ["./table.bin", "/gltf/table.bin"],
    ["maps/Oak%20wood.png", "/gltf/maps/Oak wood.png"],
    ["maps\\oak wood.png", "/gltf/maps/Oak wood.png"],
    [`${BASE}../oak.png`, "/oak.png"],
    ["C:\\Users\\ann\\oak.png", "/oak.png"],
    ["../../../oak.png", "/oak.png"],
    ["none.bin", undefined],
    ["100%.png", undefined],
    ["", undefined],
  ])("%s", (name, expected) => {
    expect(resolveReference(name, "/gltf/table.gltf", FILES)).toBe(expected);
  });

  test("of two files with one name, the one beside the model is meant", () => {
    const files = ["/a/map.png", "/b/map.png"];
    expect(resolveReference("D:/x/map.png", "/b/model.fbx", files)).toBe("/b/map.png");
  });
});

test("glTF: what carries its own data needs no file", () => {
  const document = {
    buffers: [{ uri: "table.bin" }, { uri: "data:;base64,AA==" }, {}],
    images: [{ uri: "oak.png" }, { bufferView: 1 }, null],
  };
  expect(gltfReferences(document)).toEqual({ buffers: ["table.bin"], images: ["oak.png"] });
  expect(gltfReferences("nonsense")).toEqual({ buffers: [], images: [] });
});

describe("the document of a glTF file", () => {
  const binary = (length: number) => {
    const json = new TextEncoder().encode('{"asset":{} }   ');
    const bytes = new Uint8Array(20 + json.length);
    const view = new DataView(bytes.buffer);
    [0x46546c67, 2, bytes.length, length, 0x4e4f534a].forEach((word, at) =>
      view.setUint32(at * 4, word, true),
    );
    bytes.set(json, 20);
    return bytes;
  };
  test("binary", () => expect(gltfDocument(binary(16))).toEqual({ asset: {} }));
  test("cut off", () => expect(() => gltfDocument(binary(160))).toThrow(RangeError));
  test("no glTF at all", () =>
    expect(() => gltfDocument(new Uint8Array([1, 2, 3]))).toThrow(SyntaxError));
});

test("OBJ: libraries, also with blanks in their names", () => {
  expect(objLibraries("# x\nmtllib a b.mtl\r\nv 0 0 0\nmtllib c.mtl")).toEqual([
    "a b.mtl",
    "c.mtl",
  ]);
});

test("pictures: the folder that is named, or else the nearest", () => {
  const files = ["/m/red/map.png", "/m/blue/map.png", "/m/skin.jpg", "/z/skin.jpg", "/m/map.txt"];
  const text = "map_Kd red/map.png\nmap_Ks C:\\work\\skin.jpg";
  expect(picturesNamedIn(text, "/m/model.mtl", files)).toEqual(["/m/red/map.png", "/m/skin.jpg"]);
});

test("pictures: older programs wrote their names in capitals", () => {
  expect(picturesNamedIn("x\0OAK.TGA\0", "/m/old.3ds", ["/m/oak.tga", "/m/ash.tga"])).toEqual([
    "/m/oak.tga",
  ]);
});

test("glTF: what it is compressed with", () => {
  expect(gltfExtensions({ extensionsUsed: ["KHR_texture_basisu", 7] })).toEqual(
    new Set(["KHR_texture_basisu"]),
  );
  for (const document of [null, {}, { extensionsUsed: "all" }])
    expect(gltfExtensions(document).size).toBe(0);
});
