// TIFF: pictures of 8 and 16 bits, and measurements such as heights as numbers.
import { fromArrayBuffer, type GeoTIFFImage } from "geotiff";
import { checkSize, type Raster } from "./raster";

type Samples = ArrayLike<number> & { BYTES_PER_ELEMENT: number };

const WHITE_IS_ZERO = 0;
const BLACK_IS_ZERO = 1;
const FLOAT = 3;

function widest(values: ArrayLike<number>, missing: number | null): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let at = 0; at < values.length; ++at) {
    const value = values[at] ?? 0;
    // Files use some extreme number for what was not measured.
    if (!Number.isFinite(value) || value === missing || Math.abs(value) > 1e37) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 1] : [low, high];
}

/** One value a pixel, as light grey. */
function measured(values: Samples, stride: number, size: Extent, missing: number | null): Raster {
  const data = new Float32Array(size.width * size.height * 4);
  const first = new Float32Array(size.width * size.height);
  for (let at = 0; at < first.length; ++at) first[at] = values[at * stride] ?? 0;
  for (let at = 0; at < first.length; ++at) {
    const value = first[at] ?? 0;
    const known = Number.isFinite(value) && value !== missing;
    data.fill(known ? value : 0, at * 4, at * 4 + 3);
    data[at * 4 + 3] = known ? 1 : 0;
  }
  return { ...size, data, range: widest(first, missing), facts: [] };
}

interface Extent {
  width: number;
  height: number;
}

/** Three or four floats a pixel are light. */
function lit(values: Samples, stride: number, size: Extent): Raster {
  const data = new Float32Array(size.width * size.height * 4);
  for (let pixel = 0; pixel < size.width * size.height; ++pixel) {
    for (let colour = 0; colour < 3; ++colour)
      data[pixel * 4 + colour] = values[pixel * stride + colour] ?? 0;
    data[pixel * 4 + 3] = stride > 3 ? (values[pixel * stride + 3] ?? 1) : 1;
  }
  return { ...size, data, range: null, facts: [] };
}

/** `values` hold `stride` samples a pixel, of which the first three or the first one are the colour. */
function coloured(
  values: Samples,
  stride: number,
  size: Extent,
  bits: number,
  inverted: boolean,
): Raster {
  const pixels = size.width * size.height;
  const data = new Uint8ClampedArray(pixels * 4);
  const top = 2 ** bits - 1;
  const withAlpha = stride === 2 || stride === 4;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const from = pixel * stride;
    for (let colour = 0; colour < 3; ++colour) {
      const value = ((values[from + (stride < 3 ? 0 : colour)] ?? 0) / top) * 255;
      data[pixel * 4 + colour] = inverted ? 255 - value : value;
    }
    data[pixel * 4 + 3] = withAlpha ? ((values[from + stride - 1] ?? top) / top) * 255 : 255;
  }
  return { ...size, data, range: null, facts: [] };
}

async function pixelsOf(image: GeoTIFFImage, size: Extent): Promise<Raster> {
  const samples = image.getSamplesPerPixel();
  const bits = image.getBitsPerSample();
  const floats = image.getSampleFormat() === FLOAT;
  const photometric = Number(image.fileDirectory.getValue("PhotometricInterpretation") ?? 1);
  if (floats || bits > 16) {
    const values = (await image.readRasters({ interleave: true })) as unknown as Samples;
    return samples === 3 || samples === 4
      ? lit(values, samples, size)
      : measured(values, samples, size, image.getGDALNoData());
  }
  if (photometric === WHITE_IS_ZERO || photometric === BLACK_IS_ZERO) {
    const values = (await image.readRasters({ interleave: true })) as unknown as Samples;
    if (samples > 2) return measured(values, samples, size, image.getGDALNoData());
    return coloured(values, samples, size, bits, photometric === WHITE_IS_ZERO);
  }
  // Palettes, CMYK, YCbCr and Lab become red, green and blue.
  const values = (await image.readRGB({
    interleave: true,
    enableAlpha: true,
  })) as unknown as Samples;
  const stride = Math.round(values.length / (size.width * size.height));
  return coloured(values, stride, size, photometric === 3 ? 8 : bits, false);
}

export async function readTiff(bytes: Uint8Array<ArrayBuffer>): Promise<Raster> {
  const tiff = await fromArrayBuffer(bytes.buffer);
  const image = await tiff.getImage(0);
  const size = { width: image.getWidth(), height: image.getHeight() };
  checkSize(size.width, size.height);
  const raster = await pixelsOf(image, size);
  const images = await tiff.getImageCount();
  const samples = image.getSamplesPerPixel();
  raster.facts.push(
    `TIFF, ${samples} × ${image.getBitsPerSample()} bits`,
    ...(images > 1 ? [`The first of ${images} pictures`] : []),
  );
  return raster;
}
