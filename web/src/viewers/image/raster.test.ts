import { describe, expect, test } from "vitest";
import { exr, hdr, tga, tiff } from "../../../e2e/samples.mjs";
import { DECODED_IMAGES } from "../../ui/kinds";
import { decode, DECODERS } from "./decoders";
import { checkSize, colourName, develop, firstDevelopment, valueAt, type Raster } from "./raster";

const ramp = (x: number, y: number) => [x / 8, y / 8, 4];
const copy = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
const floats = (values: number[], range: [number, number] | null = null): Raster => ({
  width: values.length / 4,
  height: 1,
  data: new Float32Array(values),
  range,
  facts: [],
});

describe("decoders", () => {
  test("there is one for every extension that is offered", () => {
    expect(new Set(Object.keys(DECODERS))).toEqual(DECODED_IMAGES);
  });
  test("OpenEXR, from the top", async () => {
    const raster = await decode(".exr", copy(exr(16, 8, ramp)));
    expect([raster.width, raster.height]).toEqual([16, 8]);
    expect(valueAt(raster, 10, 2)).toBe("1.25 0.25 4");
    expect(valueAt(raster, 0, 7)).toBe("0 0.875 4");
    expect(raster.facts[0]).toBe("OpenEXR, not compressed");
  });
  test("Radiance, from the top", async () => {
    const raster = await decode(".hdr", copy(hdr(16, 8, () => [1, 0.5, 0.25])));
    const [red = 0, green = 0] = valueAt(raster, 3, 3).split(" ").map(Number);
    expect(red).toBeCloseTo(1, 1);
    expect(green).toBeCloseTo(0.5, 1);
  });
  test("Targa", async () => {
    const raster = await decode(".tga", copy(tga(4, 3, (x, y) => [x * 10, y * 10, 200])));
    expect(valueAt(raster, 2, 1)).toBe("#140ac8");
  });
  test("TIFF with colours, with 16 bits, and with heights", async () => {
    const photo = await decode(".tif", copy(tiff(4, 3, "rgb8", (x, y) => [x * 10, y * 10, 200])));
    expect(valueAt(photo, 2, 1)).toBe("#140ac8");
    const grey = await decode(".tiff", copy(tiff(4, 3, "grey16", () => [65535 / 5])));
    expect(valueAt(grey, 0, 0)).toBe("#333333");
    const heights = await decode(".tif", copy(tiff(4, 3, "float", (x, y) => [100 + 10 * x + y])));
    expect(heights.range).toEqual([100, 132]);
    expect(valueAt(heights, 2, 1)).toBe("121");
  });
  test.each([".exr", ".hdr", ".tga", ".tif"])(
    "%s: what is damaged is refused",
    async (extension) => {
      const whole = { ".exr": exr(16, 8, ramp), ".tif": tiff(4, 3, "rgb8", () => [1, 2, 3]) };
      const bytes = whole[extension as ".exr"] ?? new Uint8Array(10);
      await expect(decode(extension, copy(bytes.subarray(0, 60)))).rejects.toThrow();
      await expect(decode(extension, new Uint8Array())).rejects.toThrow();
      await expect(
        decode(extension, new TextEncoder().encode("no picture at all, but some text")),
      ).rejects.toThrow();
    },
  );
  test("a size that no page holds is refused before room is made for it", async () => {
    expect(() => checkSize(100_000, 100_000)).toThrow(/100000 × 100000/);
    expect(() => checkSize(20_000, 10)).toThrow();
    expect(() => checkSize(0, 10)).toThrow();
    expect(() => checkSize(8192, 4096)).not.toThrow();
    const huge = new TextEncoder().encode("#?RADIANCE\n\n-Y 900000 +X 900000\n");
    await expect(decode(".hdr", huge)).rejects.toThrow(/900000 × 900000/);
  });
});

describe("development", () => {
  test("a stop is twice the light", () => {
    const one = develop(floats([0.5, 0.5, 0.5, 1]), { exposure: 1, tone: "plain" });
    expect([...one]).toEqual([255, 255, 255, 255]);
    const dark = develop(floats([1, 1, 1, 1]), { exposure: -1, tone: "plain" });
    expect(dark[0]).toBe(188);
  });
  test("film keeps differences in bright parts", () => {
    const [a, , , , b] = develop(floats([2, 2, 2, 1, 4, 4, 4, 1]), { exposure: 0, tone: "filmic" });
    expect(a).toBeLessThan(b ?? 0);
    expect(b).toBeLessThanOrEqual(255);
  });
  test("what is no number, negative or without end stays a colour", () => {
    const shown = develop(floats([NaN, -1, Infinity, 1]), { exposure: 0, tone: "filmic" });
    expect([...shown]).toEqual([0, 0, 255, 255]);
  });
  test("measurements go from black to white", () => {
    const raster = floats([10, 10, 10, 1, 20, 20, 20, 1], [10, 20]);
    const shown = develop(raster, firstDevelopment(raster));
    expect([shown[0], shown[4]]).toEqual([0, 255]);
    const flat = floats([7, 7, 7, 1], [7, 7]);
    expect(develop(flat, firstDevelopment(flat))[0]).toBe(0);
  });
  test("names of colours", () => {
    expect(colourName(255, 0, 10)).toBe("#ff000a");
    expect(colourName(255, 0, 10, 128)).toBe("#ff000a80");
  });
});
