type Bytes = Uint8Array<ArrayBuffer>;
type Pixel = (x: number, y: number) => number[];

export function exr(width: number, height: number, pixel: Pixel): Bytes;
export function hdr(width: number, height: number, pixel: Pixel): Bytes;
export function tiff(
  width: number,
  height: number,
  kind: "rgb8" | "grey16" | "float",
  pixel: Pixel,
): Bytes;
export function tga(width: number, height: number, pixel: Pixel): Bytes;
export function wav(rate: number, seconds: number, sample: (seconds: number) => number): Bytes;
export function asPanorama(jpeg: Uint8Array): Bytes;
export function xlsx(sheets: Record<string, (string | number)[][]>): Bytes;
