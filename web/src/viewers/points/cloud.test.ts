import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COUNT, lasFile, pcdFile, point, SIDE, xyzFile } from "../../../e2e/samples/points.mjs";
import { splatPly } from "../../../e2e/samples/splats.mjs";
import { collect, type Cloud } from "./cloud";
import { classesOf, modesOf, paint } from "./colours";
import { lasHeader } from "./las";
import { readLaz } from "./laz";
import { expandLzf } from "./lzf";
import { readRecords } from "./read";

const encode = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

function sample(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(`e2e/samples/${name}`));
}

async function read(extension: string, bytes: Uint8Array<ArrayBuffer>, budget = 1e6) {
  return collect(await readRecords(extension, bytes), budget);
}

/** In the coordinates of the file. */
function placeOf(cloud: Cloud, index: number): number[] {
  return [0, 1, 2].map(
    (axis) => (cloud.positions[index * 3 + axis] ?? 0) + (cloud.origin[axis] ?? 0),
  );
}

function expectHill(cloud: Cloud, offset = [0, 0, 0]) {
  expect([cloud.total, cloud.shown]).toEqual([COUNT, COUNT]);
  for (const index of [0, SIDE - 1, 7001, COUNT - 1]) {
    const { x, y, z, colour } = point(index);
    [x, y, z].forEach((value, axis) =>
      expect(placeOf(cloud, index)[axis]).toBeCloseTo(value - (offset[axis] ?? 0), 2),
    );
    expect([...(cloud.colours ?? []).slice(index * 3, index * 3 + 3)]).toEqual(colour);
  }
}

const NEAR = [402_000, 5_623_000, 0];

describe("points are read from", () => {
  test("LAS, with classes and intensities", async () => {
    const cloud = await read(".las", lasFile());
    expectHill(cloud);
    expect(modesOf(cloud)).toEqual(["colour", "height", "intensity", "class", "plain"]);
    expect(classesOf(cloud).map(({ number }) => number)).toEqual([2, 9, 6]);
    expect(classesOf(cloud).reduce((sum, { count }) => sum + count, 0)).toBe(COUNT);
    const intensities = cloud.intensities ?? [];
    expect(intensities[0]).toBe(0);
    expect(intensities[SIDE - 1]).toBe(255);
  });

  test("LAZ", async () => {
    const bytes = sample("hill.laz");
    const header = lasHeader(new DataView(bytes.buffer));
    expect(header.compressed).toBe(true);
    const wasmBinary = sample("../../node_modules/laz-perf/lib/laz-perf.wasm");
    const records = await readLaz(bytes, header, { wasmBinary });
    const cloud = collect(records, 1e6);
    expect(cloud.shown).toBe(header.count);
    const { x, y, z } = point(0);
    [x, y, z].forEach((value, axis) => expect(placeOf(cloud, 0)[axis]).toBeCloseTo(value, 2));
    expect(classesOf(cloud).length).toBeGreaterThan(1);
    const some = collect(await readLaz(bytes, header, { wasmBinary }), 100);
    expect(some.shown).toBeLessThanOrEqual(100);
    expect(some.high[2] - some.low[2]).toBeGreaterThan(6);
  });

  test("E57, with the place of the scanner", async () => {
    const cloud = await read(".e57", sample("hill.e57"));
    expect(cloud.shown).toBe(400);
    // Written with a quarter turn around z and a move by 100, 200 and 5.
    expect(placeOf(cloud, 0).map((value) => Math.round(value * 100) / 100)).toEqual([100, 200, 5]);
    expect(placeOf(cloud, 19)[1]).toBeCloseTo(219, 3);
    expect([...(cloud.colours ?? []).slice(0, 3)]).toEqual([10, 20, 30]);
    expect(modesOf(cloud)).toContain("intensity");
  });

  test.each(["ascii", "binary"] as const)("PCD, %s", async (data) => {
    expectHill(await read(".pcd", pcdFile(data)), NEAR);
  });

  test("PCD, compressed", async () => {
    const header =
      "VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 3\nHEIGHT 1\nPOINTS 3\nDATA binary_compressed\n";
    const whole = new Uint8Array(Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]).buffer);
    // Runs of plain bytes, each of at most 32.
    const packed = [31, ...whole.subarray(0, 32), 3, ...whole.subarray(32)];
    const sizes = new Uint8Array(Uint32Array.from([packed.length, whole.length]).buffer);
    const cloud = await read(".pcd", new Uint8Array([...encode(header), ...sizes, ...packed]));
    expect(placeOf(cloud, 1)).toEqual([2, 5, 8]);
  });

  test("PLY, also of splats", async () => {
    const header =
      "ply\nformat ascii 1.0\ncomment x\nelement camera 1\nproperty float f\nelement vertex 2\nproperty double x\nproperty double y\nproperty double z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n";
    const cloud = await read(".ply", encode(`${header}5\n0 0 1 255 0 9\n2 3 4 0 1 2\n`));
    expect(placeOf(cloud, 1)).toEqual([2, 3, 4]);
    expect([...(cloud.colours ?? [])]).toEqual([255, 0, 9, 0, 1, 2]);
    const splats = await read(".ply", splatPly());
    expect(splats.shown).toBe(4000);
    expect(modesOf(splats)[0]).toBe("colour");
  });

  test("text", async () => {
    expectHill(await read(".xyz", encode(xyzFile())));
    const named = await read(
      ".asc",
      encode("//X,Y,Z,Intensity,R,G,B\n1,2,3,40,255,0,0\n2,2,4,50,0,255,0\n"),
    );
    expect(named.shown).toBe(2);
    expect([...(named.colours ?? [])]).toEqual([255, 0, 0, 0, 255, 0]);
    expect(named.intensities).toHaveLength(2);
    const scanned = await read(".pts", encode("2\n0 0 0 -1200 10 20 30\r\n1 1 1 800 40 50 60\r\n"));
    expect([scanned.total, scanned.shown]).toEqual([2, 2]);
    expect([...(scanned.colours ?? [])]).toEqual([10, 20, 30, 40, 50, 60]);
  });
});

describe("large clouds", () => {
  test("are thinned evenly, and each time alike", async () => {
    const [one, two] = [await read(".las", lasFile(), 500), await read(".las", lasFile(), 500)];
    expect(one.total).toBe(COUNT);
    expect(one.shown).toBeLessThanOrEqual(500);
    expect(one.shown).toBeGreaterThan(400);
    expect(one.high[0] - one.low[0]).toBeGreaterThan(55);
    expect(one.high[1] - one.low[1]).toBeGreaterThan(55);
    expect(two.positions).toEqual(one.positions);
  });

  test("colours say what is asked for", async () => {
    const cloud = await read(".las", lasFile());
    const low = paint(cloud, "height").slice(0, 3);
    const top = (COUNT + SIDE) / 2;
    const high = paint(cloud, "height").slice(top * 3, top * 3 + 3);
    expect(low[2]).toBeGreaterThan(low[0] ?? 0);
    expect([...high]).not.toEqual([...low]);
    expect(new Set(paint(cloud, "plain")).size).toBeLessThanOrEqual(3);
    expect(paint(cloud, "colour")[0]).toBeCloseTo(65_535 * ((60 / 255 + 0.055) / 1.055) ** 2.4, -1);
  });
});

describe("damaged files say what is wrong", () => {
  test.each<[string, Uint8Array<ArrayBuffer>, RegExp]>([
    [".las", lasFile(500), /ends after 500 of its 19,600 points/],
    [".las", encode("LASF"), /does not begin as a LAS file/],
    [".pcd", pcdFile("binary", 70), /ends after 70 of its 19,600 points/],
    [".pcd", pcdFile("ascii", 70), /ends after 70 of its 19600 points/],
    [".pcd", encode("nothing"), /does not begin as a PCD file/],
    [".ply", splatPly(9), /ends after 9 of its 4,000 points/],
    [".xyz", encode("a b c\nd e f\n"), /not numbers/],
    [".xyz", encode(""), /is empty/],
    [".e57", encode("ASTM-E57".padEnd(100)), /ends after|damaged/],
  ])("%s", async (extension, bytes, words) => {
    await expect(read(extension, bytes)).rejects.toThrow(words);
  });

  test("LAZ and E57 that were cut", async () => {
    const laz = sample("hill.laz").slice(0, 900);
    await expect(read(".laz", laz)).rejects.toThrow(/ends before its last point/);
    const e57 = sample("hill.e57");
    await expect(read(".e57", e57.slice(0, 2000))).rejects.toThrow(/ends after 2,000 of its/);
  });

  test("compressed bytes that lead outside", () => {
    expect(expandLzf(Uint8Array.from([1, 7, 8, 0x40, 1]), 6)).toEqual(
      Uint8Array.from([7, 8, 7, 8, 7, 8]),
    );
    for (const packed of [
      [5, 1],
      [0x40, 9],
      [1, 7, 8],
    ])
      expect(() => expandLzf(Uint8Array.from(packed), 6)).toThrow(/damaged/);
    expect(() => expandLzf(Uint8Array.from([0, 1]), 1e9)).toThrow(/damaged/);
  });
});
