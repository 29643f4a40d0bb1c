// Which other files of the asset a model needs. Models name them as their author's program wrote them:
// relative to the model, percent-encoded, with backslashes, or by a path of the author's own disk. Only
// files of the asset are ever meant; nothing is fetched from an address that a file contains.
import { extensionOf, nameOf } from "../../ui/format";

/** Stands before the names that loaders resolve, so that they are recognised when they come back. */
export const BASE = "vams-asset:/";

const IMAGES = new Set(".png .jpg .jpeg .webp .bmp .gif .tga .avif".split(" "));

export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** With `.` and `..` followed; above the asset's top there is nothing. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** The file of the asset that `name` means, seen from the model; undefined if there is none. */
export function resolveReference(
  name: string,
  model: string,
  files: readonly string[],
): string | undefined {
  const bare = (name.startsWith(BASE) ? name.slice(BASE.length) : name).replace(/^file:\/+/i, "");
  for (const spelling of [bare, decoded(bare)]) {
    const written = spelling.replace(/\\/g, "/");
    const wanted = normal(folderOf(model) + written);
    const found =
      files.find((file) => file === wanted) ??
      files.find((file) => file.toLowerCase() === wanted.toLowerCase());
    if (found !== undefined) return found;
    // A path of another computer: the name alone has to do, the nearest file of that name.
    const last = nameOf(written).toLowerCase();
    const named = files.filter((file) => nameOf(file).toLowerCase() === last);
    const near = named.find((file) => file.startsWith(folderOf(model))) ?? named[0];
    if (last !== "" && near !== undefined) return near;
  }
  return undefined;
}

/** Names that a glTF document gives to its buffers and images; those that carry their data are left out. */
export function gltfReferences(document: unknown): { buffers: string[]; images: string[] } {
  const uris = (list: unknown) =>
    (Array.isArray(list) ? list : []).flatMap((one: unknown) => {
      const uri = typeof one === "object" && one !== null && "uri" in one ? one.uri : undefined;
      return typeof uri === "string" && !uri.startsWith("data:") ? [uri] : [];
    });
  const parts = typeof document === "object" && document !== null ? document : {};
  return {
    buffers: uris("buffers" in parts ? parts.buffers : []),
    images: uris("images" in parts ? parts.images : []),
  };
}

/** Names of the extensions that a glTF document uses. */
export function gltfExtensions(document: unknown): Set<string> {
  const parts = typeof document === "object" && document !== null ? document : {};
  const used = "extensionsUsed" in parts ? parts.extensionsUsed : [];
  return new Set((Array.isArray(used) ? used : []).filter((name) => typeof name === "string"));
}

const MAGIC = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;

/** The document of a glTF file, text or binary; throws a SyntaxError or RangeError if it is damaged. */
export function gltfDocument(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 20 || view.getUint32(0, true) !== MAGIC)
    return JSON.parse(new TextDecoder().decode(bytes));
  const length = view.getUint32(12, true);
  if (view.getUint32(16, true) !== JSON_CHUNK || 20 + length > bytes.length)
    throw new RangeError("the file ends before its description does");
  return JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + length)));
}

/** The material libraries of an OBJ file. */
export function objLibraries(text: string): string[] {
  return [...text.matchAll(/^mtllib\s+(.+?)\s*$/gm)].map((match) => match[1] ?? "");
}

/**
 * Pictures of the asset whose names occur in the text of a file, whatever its format. Of several with
 * one name, those whose folder is named too, or else the nearest.
 */
export function picturesNamedIn(text: string, model: string, files: readonly string[]): string[] {
  const groups = new Map<string, string[]>();
  // Older programs wrote names in capitals.
  const said = text.toLowerCase();
  for (const file of files) {
    const name = nameOf(file).toLowerCase();
    if (!IMAGES.has(extensionOf(file))) continue;
    if (!said.includes(name) && !said.includes(encodeURIComponent(name).toLowerCase())) continue;
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  return [...groups].flatMap(([name, group]) => {
    const withFolder = group.filter((file) => {
      const [folder, last] = file.toLowerCase().split("/").slice(-2);
      return (
        folder !== "" &&
        [`${folder}/${last}`, `${folder}\\${last}`].some((part) => said.includes(part))
      );
    });
    if (withFolder.length > 0) return withFolder;
    const near = resolveReference(name, model, group);
    return near === undefined ? [] : [near];
  });
}
