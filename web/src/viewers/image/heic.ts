// HEIC photos, as phones take them. The decoder is libheif, whose licence is LGPL-3.0: it is used as its
// package brings it, and stays in files of its own, which can be exchanged for others.
import open from "libheif-js/libheif-wasm/libheif.js";
import wasmUrl from "libheif-js/libheif-wasm/libheif.wasm?url";
import { checkSize, type Raster } from "./raster";

interface Image {
  get_width: () => number;
  get_height: () => number;
  display: (into: ImageLike, done: (shown: ImageLike | null) => void) => void;
  free: () => void;
}

interface ImageLike {
  data: Uint8ClampedArray<ArrayBuffer>;
  width: number;
  height: number;
}

interface Library {
  HeifDecoder: new () => { decode: (bytes: Uint8Array) => Image[] };
}

async function library(): Promise<Library> {
  const answer = await fetch(new URL(wasmUrl, import.meta.url));
  if (!answer.ok) throw new Error("the decoder cannot be fetched");
  return open({ wasmBinary: await answer.arrayBuffer() }) as unknown as Library;
}

export async function readHeic(bytes: Uint8Array<ArrayBuffer>): Promise<Raster> {
  const { HeifDecoder } = await library();
  const images = new HeifDecoder().decode(bytes);
  const [image] = images;
  if (image === undefined) throw new Error("no HEIC picture");
  const [width, height] = [image.get_width(), image.get_height()];
  checkSize(width, height);
  const data = new Uint8ClampedArray(width * height * 4);
  await new Promise<void>((resolve, reject) =>
    image.display({ data, width, height }, (shown) => {
      if (shown === null) reject(new Error("its pixels cannot be read"));
      else resolve();
    }),
  );
  const facts = ["HEIC"];
  if (images.length > 1) facts.push(`The first of ${images.length} pictures`);
  for (const one of images) one.free();
  return { width, height, data, range: null, facts };
}
