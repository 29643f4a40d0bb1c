// Which decoder reads what. They run in a worker, and each is fetched when a file asks for it.
import type { Raster } from "./raster";

export type Decoder = (bytes: Uint8Array<ArrayBuffer>) => Raster | Promise<Raster>;

export const DECODERS: Record<string, () => Promise<Decoder>> = {
  ".exr": async () => (await import("./light")).readExr,
  ".hdr": async () => (await import("./light")).readHdr,
  ".tga": async () => (await import("./light")).readTga,
  ".tif": async () => (await import("./tiff")).readTiff,
  ".tiff": async () => (await import("./tiff")).readTiff,
  ".heic": async () => (await import("./heic")).readHeic,
  ".heif": async () => (await import("./heic")).readHeic,
};

export async function decode(extension: string, bytes: Uint8Array<ArrayBuffer>): Promise<Raster> {
  const load = DECODERS[extension];
  if (load === undefined) throw new Error(`nothing reads ${extension}`);
  return (await load())(bytes);
}
