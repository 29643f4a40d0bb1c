// What would happen to chosen files, said before anything is sent.
import { extensionOf, nameOf } from "../../ui/format";

export interface Candidate {
  /** Below the folder that is uploaded into, without a slash in front. */
  path: string;
  file: File;
}

/** What to do with files that the asset has already. */
export type Conflict = "version" | "skip" | "rename";

export interface Rules {
  /** Where the files go: "/" or "/some/folder/". */
  folder: string;
  /** Paths that are there, and whether they are archived. */
  existing: Map<string, { archived: boolean }>;
  /** Of the database: ".glb, .e57"; empty: all. */
  extensions: string;
  conflict: Conflict;
}

export type Fate = "new" | "version" | "skipped" | "refused";

export interface PlannedFile {
  /** In the asset, with a slash in front. */
  path: string;
  candidate: Candidate;
  fate: Fate;
  /** For people: why it is not simply new. */
  reason: string;
  /** The asset has a file at this place. */
  known: boolean;
}

const BLOCKED =
  ".jar .java .com .php .reg .pif .bak .dll .exe .nat .cmd .lnk .docm .vbs .bat".split(" ");
const LITTER = new Set([".ds_store", "thumbs.db", "desktop.ini", ".spotlight-v100"]);
export const PREVIEW_EXTENSIONS = [".png", ".jpg", ".jpeg", ".svg", ".gif"];
export const PREVIEW_BYTES = 5_242_880;
const PREVIEW = ".previewFile.";

export function allowedExtensions(text: string): string[] {
  const list = text
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== "");
  return list.includes(".all") ? [] : list;
}

function refusal(path: string, size: number, rules: Rules, paths: Set<string>): string {
  const extension = extensionOf(path);
  if (!path.includes(".")) return "The server takes no files without an extension.";
  if (BLOCKED.includes(extension)) return `Programs and scripts (${extension}) are not taken.`;
  const preview = path.indexOf(PREVIEW);
  if (preview >= 0) {
    const base = path.slice(0, preview);
    if (!PREVIEW_EXTENSIONS.includes(extension))
      return `Previews are ${PREVIEW_EXTENSIONS.join(", ")}.`;
    if (size > PREVIEW_BYTES) return "Previews have at most 5 MiB.";
    if (!paths.has(base) && !rules.existing.has(base))
      return "There is no file that this is a preview of.";
    return "";
  }
  const allowed = allowedExtensions(rules.extensions);
  if (allowed.length > 0 && !allowed.includes(extension))
    return `The database takes ${allowed.join(", ")} only.`;
  return "";
}

function renamed(path: string, taken: Set<string>): string {
  const extension = nameOf(path).includes(".") ? path.slice(path.lastIndexOf(".")) : "";
  const stem = path.slice(0, path.length - extension.length);
  for (let number = 2; ; ++number) {
    const free = `${stem} (${number})${extension}`;
    if (!taken.has(free)) return free;
  }
}

export function planFiles(candidates: Candidate[], rules: Rules): PlannedFile[] {
  // Of files that were chosen twice, the last one counts.
  const chosen = new Map(candidates.map((candidate) => [candidate.path, candidate]));
  const earlier = candidates.filter((candidate) => chosen.get(candidate.path) !== candidate);
  const paths = new Set([...chosen.keys()].map((path) => rules.folder + path));
  const taken = new Set([...paths, ...rules.existing.keys()]);
  const planned = [...chosen.values()].map((candidate) => {
    const path = rules.folder + candidate.path;
    const known = rules.existing.get(path);
    const at = (fate: Fate, reason: string, to = path) => ({
      path: to,
      candidate,
      fate,
      reason,
      known: known !== undefined,
    });
    if (LITTER.has(nameOf(path).toLowerCase()) || candidate.path.startsWith("__MACOSX/"))
      return at("skipped", "A file of the operating system.");
    const reason = refusal(path, candidate.file.size, rules, paths);
    if (reason !== "") return at("refused", reason);
    if (known === undefined) return at("new", "");
    if (rules.conflict === "skip") return at("skipped", "It is there already.");
    if (rules.conflict === "rename") {
      const free = renamed(path, taken);
      taken.add(free);
      return at("new", "The name is taken.", free);
    }
    return at(
      "version",
      known.archived
        ? "Brings an archived file back, as a new version."
        : "It is there already and gets a new version.",
    );
  });
  const twice = earlier.map((candidate): PlannedFile => ({
    path: rules.folder + candidate.path,
    candidate,
    fate: "skipped",
    reason: "Chosen twice; the one that was chosen last is taken.",
    known: false,
  }));
  return [...planned, ...twice];
}

export function isSent(file: PlannedFile): boolean {
  return file.fate === "new" || file.fate === "version";
}

// ---- Parts and batches --------------------------------------------------------------------------

const MIB = 1_048_576;
const PART = 16 * MIB;
const MAX_PARTS = 1_000;

/** Small enough that a broken connection costs little, and few enough for the server. */
export function partSizeOf(size: number): number {
  return Math.max(PART, Math.ceil(size / MAX_PARTS / MIB) * MIB);
}

export function partCount(size: number, partSize = partSizeOf(size)): number {
  return Math.ceil(size / partSize);
}

const BATCH_FILES = 50;
const BATCH_BYTES = 1_000_000_000;

/** How many of these files, in order, go together: what is complete shows up early. */
export function batchLength(sizes: number[]): number {
  let bytes = 0;
  for (const [index, size] of sizes.entries()) {
    bytes += size;
    if (index > 0 && (index >= BATCH_FILES || bytes > BATCH_BYTES)) return index;
  }
  return sizes.length;
}
