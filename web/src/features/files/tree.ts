// The files of an asset as folders. Folders exist by themselves, or because a file lies below them.
import type { AssetFile } from "../../api/types";
import { nameOf } from "../../ui/format";

export interface Folder {
  /** "/" or "/some/folder/". */
  path: string;
  name: string;
  folders: Folder[];
  files: AssetFile[];
  /** Files in it and below it. */
  count: number;
  bytes: number;
  /** It was made as a folder, and would be there without files. */
  made: boolean;
}

const NUMERIC = new Intl.Collator("en", { numeric: true });

export function parentOf(path: string): string {
  const bare = path.endsWith("/") ? path.slice(0, -1) : path;
  return bare.slice(0, bare.lastIndexOf("/") + 1) || "/";
}

export function buildTree(files: AssetFile[]): Map<string, Folder> {
  const folders = new Map<string, Folder>();
  const folderAt = (path: string): Folder => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const folder: Folder = {
      path,
      name: nameOf(path),
      folders: [],
      files: [],
      count: 0,
      bytes: 0,
      made: false,
    };
    folders.set(path, folder);
    if (path !== "/") folderAt(parentOf(path)).folders.push(folder);
    return folder;
  };
  folderAt("/");
  for (const file of files) {
    if (file.isFolder) {
      folderAt(file.relativePath).made = true;
      continue;
    }
    const home = parentOf(file.relativePath);
    folderAt(home).files.push(file);
    for (let path = home; ; path = parentOf(path)) {
      const folder = folderAt(path);
      ++folder.count;
      folder.bytes += file.size ?? 0;
      if (path === "/") break;
    }
  }
  for (const folder of folders.values()) {
    folder.folders.sort((a, b) => NUMERIC.compare(a.name, b.name));
    folder.files.sort((a, b) => NUMERIC.compare(a.fileName, b.fileName));
  }
  return folders;
}

/** Folders as lines of a tree that is open at some of them. */
export function openFolders(
  tree: Map<string, Folder>,
  open: ReadonlySet<string>,
): { folder: Folder; level: number }[] {
  const lines: { folder: Folder; level: number }[] = [];
  const walk = (folder: Folder, level: number) => {
    lines.push({ folder, level });
    if (open.has(folder.path)) for (const inner of folder.folders) walk(inner, level + 1);
  };
  const root = tree.get("/");
  if (root !== undefined) walk(root, 1);
  return lines;
}

export type Entry = { kind: "folder"; folder: Folder } | { kind: "file"; file: AssetFile };

export function pathOf(entry: Entry): string {
  return entry.kind === "folder" ? entry.folder.path : entry.file.relativePath;
}

export type SortField = "name" | "size" | "date";

/**
 * What a folder holds; `flat`, or with a text to look for, instead all files below it, in their paths.
 */
export function entriesOf(
  tree: Map<string, Folder>,
  path: string,
  text: string,
  keep: (file: AssetFile) => boolean,
  sort: { field: SortField; down: boolean },
  flat = false,
): Entry[] {
  const sign = sort.down ? -1 : 1;
  const compare = (a: AssetFile, b: AssetFile) => {
    if (sort.field === "size") return (a.size ?? 0) - (b.size ?? 0);
    if (sort.field === "date")
      return a.dateCreatedCurrentVersion.localeCompare(b.dateCreatedCurrentVersion);
    return NUMERIC.compare(a.relativePath, b.relativePath);
  };
  const asEntry = (file: AssetFile): Entry => ({ kind: "file", file });
  const folder = tree.get(path);
  const needle = text.trim().toLowerCase();
  if (flat || needle !== "") {
    const found = [...tree.values()]
      .filter((one) => one.path.startsWith(path))
      .flatMap((one) => one.files)
      .filter((file) => keep(file) && file.relativePath.toLowerCase().includes(needle));
    return found.sort((a, b) => sign * compare(a, b)).map(asEntry);
  }
  if (folder === undefined) return [];
  const folders: Entry[] = [...folder.folders]
    .sort((a, b) => (sort.field === "name" ? sign : 1) * NUMERIC.compare(a.name, b.name))
    .map((inner) => ({ kind: "folder", folder: inner }));
  const files = folder.files.filter(keep).sort((a, b) => sign * compare(a, b));
  return [...folders, ...files.map(asEntry)];
}

/** All files of what is chosen, those of folders as well. */
export function filesOf(tree: Map<string, Folder>, entries: Entry[]): AssetFile[] {
  const files = new Map<string, AssetFile>();
  const walk = (folder: Folder) => {
    for (const file of folder.files) files.set(file.relativePath, file);
    for (const inner of folder.folders) walk(inner);
  };
  for (const entry of entries)
    if (entry.kind === "file") files.set(entry.file.relativePath, entry.file);
    else walk(tree.get(entry.folder.path) ?? entry.folder);
  return [...files.values()];
}
