// Operations on files and folders. The server moves and copies one file at a time and knows no moving
// of folders: those are done here, file by file.
import { archiveFile, copyFile, createFolder, moveFile } from "../../api/changes";
import { ApiError } from "../../api/errors";
import type { AssetRef } from "../../api/vams";
import { nameOf } from "../../ui/format";
import { filesOf, parentOf, pathOf, type Entry, type Folder } from "./tree";

export function nameProblem(name: string): string {
  if (name.trim() === "") return "A name is needed.";
  if (/[/\\:*?"<>|]/.test(name)) return 'None of / \\ : * ? " < > | can be part of a name.';
  return name === "." || name === ".." ? "This name is reserved." : "";
}

/** One file on its way to another path. */
export interface Step {
  from: string;
  to: string;
}

export interface TransferPlan {
  steps: Step[];
  /** Folders to be made, because nothing in them makes them. */
  folders: string[];
  /** Folders that a move leaves empty, and that would stay. */
  left: string[];
}

/** What moving or copying into `folder` means; `rename`: for a single thing, under another name. */
export function planTransfer(
  tree: Map<string, Folder>,
  entries: Entry[],
  folder: string,
  rename?: string,
): TransferPlan {
  const plan: TransferPlan = { steps: [], folders: [], left: [] };
  for (const entry of entries) {
    const path = pathOf(entry);
    const name = rename ?? nameOf(path);
    if (entry.kind === "file") {
      if (!entry.file.isArchived) plan.steps.push({ from: path, to: folder + name });
      continue;
    }
    const target = `${folder}${name}/`;
    for (const file of filesOf(tree, [entry]))
      if (!file.isArchived)
        plan.steps.push({
          from: file.relativePath,
          to: target + file.relativePath.slice(path.length),
        });
    const made = [...tree.values()].filter((inner) => inner.made && inner.path.startsWith(path));
    for (const inner of made) plan.folders.push(target + inner.path.slice(path.length));
    if (made.length > 0) plan.left.push(path);
  }
  return plan;
}

/** Why this cannot go there; empty: it can. */
export function transferProblem(entries: Entry[], folder: string, copy: boolean): string {
  for (const entry of entries) {
    const path = pathOf(entry);
    if (entry.kind === "folder" && folder.startsWith(path))
      return `${entry.folder.name} cannot be put into itself.`;
    if (!copy && parentOf(path) === folder) return `${nameOf(path)} is there already.`;
  }
  return "";
}

function notFound(error: unknown): boolean {
  return error instanceof ApiError && /no files found/i.test(error.message);
}

/** Takes away folders that a move has emptied; their files' histories stay. */
export async function tidy(of: AssetRef, plan: TransferPlan): Promise<void> {
  for (const folder of plan.folders) await createFolder(of, folder);
  for (const folder of plan.left)
    try {
      await archiveFile(of, folder, true);
    } catch (error) {
      if (!notFound(error)) throw error;
    }
}

export function transfer(of: AssetRef, to: AssetRef, copy: boolean, step: Step): Promise<unknown> {
  return copy ? copyFile(of, step.from, step.to, to) : moveFile(of, step.from, step.to);
}
