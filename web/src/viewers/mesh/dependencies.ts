// Fetches what a model needs beside itself, in the same version of the asset, and gives it to loaders.
import { LoadingManager } from "three";
import { ApiError } from "../../api/errors";
import { listFiles } from "../../api/vams";
import { extensionOf, nameOf } from "../../ui/format";
import type { ViewerFile } from "../registry";
import { CannotShow, readFile } from "../shared/file";
import {
  BASE,
  gltfReferences,
  objLibraries,
  picturesNamedIn,
  resolveReference,
} from "./references";

/** Of everything beside the model, together. */
const LIMIT = 500_000_000;
const AT_ONCE = 4;
/** One white pixel, in place of pictures that are not there. */
const WHITE =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==";

async function pathsOf(model: ViewerFile, signal?: AbortSignal): Promise<string[]> {
  try {
    const { assetVersionId } = model;
    const query = assetVersionId === undefined ? {} : { assetVersionId };
    const files = await listFiles(model.of, query, signal);
    return files.flatMap((file) => (file.isFolder ? [] : [file.relativePath]));
  } catch (error) {
    // The model is then shown without its pictures.
    if (error instanceof ApiError && error.kind === "denied") return [];
    throw error;
  }
}

export class Dependencies {
  /** Names that mean no file of the asset. */
  readonly missing = new Set<string>();
  readonly manager = new LoadingManager();
  private readonly contents = new Map<string, Uint8Array<ArrayBuffer>>();
  private readonly addresses = new Map<string, string>();
  private known: string[] | undefined;
  private bytes = 0;

  constructor(
    private readonly model: ViewerFile,
    private readonly signal?: AbortSignal,
  ) {
    this.manager.setURLModifier((name) => this.addressOf(name));
  }

  private async paths(): Promise<string[]> {
    return (this.known ??= await pathsOf(this.model, this.signal));
  }

  private async fetchOne(path: string): Promise<void> {
    if (this.contents.has(path)) return;
    const { of, assetVersionId } = this.model;
    const version = assetVersionId === undefined ? {} : { assetVersionId };
    try {
      const limit = LIMIT - this.bytes;
      const content = await readFile(
        { of, path, size: null, ...version },
        { limit, signal: this.signal },
      );
      this.bytes += content.length;
      this.contents.set(path, content);
    } catch (error) {
      if (!(error instanceof ApiError) || !["missing", "denied"].includes(error.kind)) throw error;
    }
  }

  private async fetchAll(paths: Iterable<string>): Promise<void> {
    const waiting = [...new Set(paths)];
    const work = async () => {
      for (let path = waiting.shift(); path !== undefined; path = waiting.shift())
        await this.fetchOne(path);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** Of a glTF file. Without its geometry there is nothing to show; without pictures there is. */
  async fetchForGltf(document: unknown): Promise<void> {
    const { buffers, images } = gltfReferences(document);
    if (buffers.length + images.length === 0) return;
    const paths = await this.paths();
    const found = [...buffers, ...images].flatMap(
      (name) => resolveReference(name, this.model.path, paths) ?? [],
    );
    await this.fetchAll(found);
    const lost = buffers.find((name) => this.contentOf(name) === undefined);
    if (lost !== undefined)
      throw new CannotShow(
        `${nameOf(this.model.path)} needs the file “${lost}”, which this asset does not have.`,
        "Upload it to the same folder as the model.",
      );
  }

  /** Pictures that `text`, a file beside or the model itself, names. */
  async fetchPictures(text: string, from = this.model.path): Promise<void> {
    const found = picturesNamedIn(text, from, await this.paths());
    await this.fetchAll(found);
    if (found.some((path) => extensionOf(path) === ".tga")) {
      const { TGALoader } = await import("three/examples/jsm/loaders/TGALoader.js");
      this.manager.addHandler(/\.tga$/i, new TGALoader(this.manager));
    }
  }

  /** The text of the material libraries that an OBJ file names, with their pictures fetched. */
  async materialsOf(obj: string): Promise<string> {
    const names = objLibraries(obj);
    if (names.length === 0) return "";
    const paths = await this.paths();
    const found = names.flatMap((name) => {
      const path = resolveReference(name, this.model.path, paths);
      if (path === undefined) this.missing.add(name);
      return path === undefined || extensionOf(path) !== ".mtl" ? [] : [path];
    });
    await this.fetchAll(found);
    const texts = found.map((path) => new TextDecoder().decode(this.contents.get(path)));
    for (const [index, text] of texts.entries()) await this.fetchPictures(text, found[index]);
    return texts.join("\n");
  }

  private contentOf(name: string): [string, Uint8Array<ArrayBuffer>] | undefined {
    const path = resolveReference(name, this.model.path, [...this.contents.keys()]);
    const content = path === undefined ? undefined : this.contents.get(path);
    return path === undefined || content === undefined ? undefined : [path, content];
  }

  /** Where a loader gets what it asks for: never from elsewhere than this page. */
  addressOf(name: string): string {
    if (/^(blob|data):/.test(name)) return name;
    const found = this.contentOf(name);
    if (found === undefined) {
      this.missing.add(name.startsWith(BASE) ? name.slice(BASE.length) : name);
      return WHITE;
    }
    const [path, content] = found;
    const address = this.addresses.get(path) ?? URL.createObjectURL(new Blob([content]));
    this.addresses.set(path, address);
    return address;
  }

  dispose(): void {
    for (const address of this.addresses.values()) URL.revokeObjectURL(address);
    this.addresses.clear();
    this.contents.clear();
  }
}
