// Pictures that the browser does not read by itself, as pixels, and how those become colours.

/** RGBA, row by row from the top. */
export interface Raster {
  width: number;
  height: number;
  /** Bytes are shown as they are; floats are light: linear, and without an upper end. */
  data: Uint8ClampedArray<ArrayBuffer> | Float32Array<ArrayBuffer>;
  /** Of measurements, which are no light: the smallest and the largest. */
  range: [number, number] | null;
  /** What else people may want to know. */
  facts: string[];
}

/** More would not fit into the memory of a page, or into a canvas. */
const MAX_PIXELS = 64_000_000;
const MAX_SIDE = 16_384;

/** Before room is made for the pixels that a file says it has. */
export function checkSize(width: number, height: number): void {
  const fits = width <= MAX_SIDE && height <= MAX_SIDE && width * height <= MAX_PIXELS;
  if (!(width > 0 && height > 0 && fits)) throw new Error(`it has ${width} × ${height} pixels`);
}

export type Tone = "filmic" | "plain" | "range";

export const TONES: Record<Tone, string> = {
  filmic: "Filmic",
  plain: "Plain",
  range: "Lowest to highest",
};

export interface Development {
  /** In stops: one more is twice the light. */
  exposure: number;
  tone: Tone;
}

export function firstDevelopment(raster: Raster): Development {
  return { exposure: 0, tone: raster.range === null ? "filmic" : "range" };
}

/** Which make sense for it. */
export function tonesOf(raster: Raster): Tone[] {
  return raster.range === null ? ["filmic", "plain"] : ["range", "filmic", "plain"];
}

const STEPS = 8192;

/** From linear light between 0 and 1 to a byte of sRGB. */
const ENCODED = Uint8Array.from({ length: STEPS + 1 }, (_, step) => {
  const light = step / STEPS;
  return Math.round(
    255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055),
  );
});

function encode(light: number): number {
  // Also takes what is no number to 0.
  return ENCODED[light > 0 ? Math.min(STEPS, Math.round(light * STEPS)) : 0] ?? 0;
}

/** A curve that keeps colours in bright parts, as film does. */
function filmic(light: number): number {
  if (light === Infinity) return 1;
  if (!(light > 0)) return 0;
  return (light * (2.51 * light + 0.03)) / (light * (2.43 * light + 0.59) + 0.14);
}

/** The bytes of the picture as it is shown. */
export function develop(raster: Raster, how: Development): Uint8ClampedArray<ArrayBuffer> {
  const { data } = raster;
  if (data instanceof Uint8ClampedArray) return data;
  const shown = new Uint8ClampedArray(data.length);
  const gain = 2 ** how.exposure;
  const [low, high] = raster.range ?? [0, 1];
  const span = high > low ? high - low : 1;
  // Measurements are evenly spread over the greys, so that a slope looks like one.
  const grey = (value: number) => 255 * Math.min(1, ((value - low) / span) * gain);
  const light = (value: number) => encode(value * gain);
  const film = (value: number) => encode(filmic(value * gain));
  const colour = how.tone === "range" ? grey : how.tone === "filmic" ? film : light;
  for (let at = 0; at < data.length; at += 4) {
    shown[at] = colour(data[at] ?? 0);
    shown[at + 1] = colour(data[at + 1] ?? 0);
    shown[at + 2] = colour(data[at + 2] ?? 0);
    shown[at + 3] = 255 * (data[at + 3] ?? 1);
  }
  return shown;
}

const hex = (byte: number) => byte.toString(16).padStart(2, "0");

export function colourName(red: number, green: number, blue: number, alpha = 255): string {
  return `#${hex(red)}${hex(green)}${hex(blue)}${alpha === 255 ? "" : hex(alpha)}`;
}

/** What the file holds at a pixel. */
export function valueAt(raster: Raster, x: number, y: number): string {
  const at = (y * raster.width + x) * 4;
  const [red = 0, green = 0, blue = 0, alpha = 0] = raster.data.subarray(at, at + 4);
  if (raster.data instanceof Uint8ClampedArray) return colourName(red, green, blue, alpha);
  if (raster.range !== null) return Number(red.toPrecision(6)).toString();
  return [red, green, blue].map((value) => Number(value.toPrecision(4))).join(" ");
}
