// A USD scene often is many files. Those that the opened one names, and those that they name, are fetched
// from the same version of the asset and handed over as one package, in which the loader finds them all.
import { zipSync } from "three/examples/jsm/libs/fflate.module.js";
import { USDCParser } from "three/examples/jsm/loaders/usd/USDCParser.js";
import { ApiError } from "../../api/errors";
import { listFiles } from "../../api/vams";
import { extensionOf } from "../../ui/format";
import { resolveReference } from "../mesh/references";
import type { ViewerFile } from "../registry";
import { readFile } from "../shared/file";

const LIMIT = 500_000_000;
const MOST_FILES = 500;
const LAYERS = new Set([".usd", ".usda", ".usdc"]);
const PICTURES = new Set([".png", ".jpg", ".jpeg", ".avif"]);
const CRATE = "PXR-USDC";

export function isCrate(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes.subarray(0, CRATE.length)) === CRATE;
}

/** Text in any depth of what was parsed; numbers are most of it, and no concern here. */
function textsIn(value: unknown, into: Set<string>): void {
  if (typeof value === "string") into.add(value);
  else if (Array.isArray(value)) {
    if (typeof value[0] === "number") return;
    for (const one of value) textsIn(one, into);
  } else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value))
    for (const one of Object.values(value)) textsIn(one, into);
}

/** Names of layers and pictures in a layer, as they are written. */
export function namesIn(bytes: Uint8Array<ArrayBuffer>): string[] {
  const texts = new Set<string>();
  if (isCrate(bytes)) {
    const whole = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const written = new Set<string>();
    textsIn(new USDCParser().parseData(whole), written);
    for (const text of written) texts.add(/^@([^@]+)@/.exec(text)?.[1] ?? text);
  } else {
    const text = new TextDecoder().decode(bytes);
    for (const [, name] of text.matchAll(/@{1,3}([^@\n]+)@{1,3}/g)) if (name) texts.add(name);
  }
  return [...texts].filter((text) => {
    const extension = extensionOf(text);
    return LAYERS.has(extension) || PICTURES.has(extension);
  });
}

async function pathsOf(model: ViewerFile, signal?: AbortSignal): Promise<string[]> {
  try {
    const { assetVersionId } = model;
    const files = await listFiles(
      model.of,
      assetVersionId === undefined ? {} : { assetVersionId },
      signal,
    );
    return files.flatMap((file) => (file.isFolder ? [] : [file.relativePath]));
  } catch (error) {
    // The layer is then shown as far as it goes by itself.
    if (error instanceof ApiError && error.kind === "denied") return [];
    throw error;
  }
}

interface Wanted {
  name: string;
  /** Where the loader looks for it. */
  key: string;
  /** Of the layer that names it, in the asset. */
  from: string;
}

function wantedBy(bytes: Uint8Array<ArrayBuffer>, key: string, from: string): Wanted[] {
  const folder = key.includes("/") ? key.slice(0, key.lastIndexOf("/") + 1) : "";
  return namesIn(bytes).map((name) => ({ name, key: folder + name.replace(/^\.\//, ""), from }));
}

/**
 * The bytes for the loader: a package with all that was found, or the layer alone if it names nothing.
 * `missing` takes the names that mean no file of the asset.
 */
export async function withDependencies(
  model: ViewerFile,
  bytes: Uint8Array<ArrayBuffer>,
  missing: Set<string>,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const root = isCrate(bytes) ? "root.usdc" : "root.usda";
  const waiting = wantedBy(bytes, root, model.path);
  if (waiting.length === 0) return bytes;
  const paths = await pathsOf(model, signal);
  const entries: Record<string, Uint8Array> = { [root]: bytes };
  const { of, assetVersionId } = model;
  const version = assetVersionId === undefined ? {} : { assetVersionId };
  let size = bytes.length;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { name, key, from } = next;
    if (key in entries || Object.keys(entries).length > MOST_FILES) continue;
    const path = resolveReference(name, from, paths);
    if (path === undefined) {
      missing.add(name);
      continue;
    }
    const file = { of, path, size: null, ...version };
    const content = await readFile(file, { limit: LIMIT - size, signal });
    size += content.length;
    entries[key] = content;
    if (LAYERS.has(extensionOf(path))) waiting.push(...wantedBy(content, key, path));
  }
  return new Uint8Array(zipSync(entries, { level: 0 }));
}
