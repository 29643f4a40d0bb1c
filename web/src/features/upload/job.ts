// An upload as it is kept: enough of it to go on after the page was closed.
import type { MetadataEntry } from "../../api/types";
import type { UploadType } from "../../api/uploads";
import type { AssetRef } from "../../api/vams";
import type { Root } from "./collect";
import { partCount, partSizeOf } from "./plan";

export type FileState = "waiting" | "sending" | "done" | "failed" | "cancelled";

export interface JobFile {
  /** In the asset. */
  path: string;
  /** As it was chosen, to know it again. */
  source: string;
  size: number;
  lastModified: number;
  partSize: number;
  state: FileState;
  error: string;
  /** Set once the server knows of it. */
  begun: { uploadId: string; uploadIdS3: string; urls: string[] } | null;
  /** By part: what the server calls it once it has arrived. */
  tags: (string | null)[];
}

/** `interrupted`: the page was closed, and the files have to be chosen again. */
export type JobState = "queued" | "running" | "paused" | "interrupted" | "finished";

export interface Job {
  id: string;
  user: string;
  ref: AssetRef;
  assetName: string;
  type: UploadType;
  created: number;
  state: JobState;
  files: JobFile[];
  roots: Root[];
  /** Written to every file once it is there. */
  metadata: MetadataEntry[];
  /** What went wrong beside the files. */
  notes: string[];
}

export interface NewFile {
  path: string;
  source: string;
  file: File;
}

export function newFile({ path, source, file }: NewFile): JobFile {
  const partSize = partSizeOf(file.size);
  return {
    path,
    source,
    size: file.size,
    lastModified: file.lastModified,
    partSize,
    state: "waiting",
    error: "",
    begun: null,
    tags: Array.from({ length: partCount(file.size, partSize) }, () => null),
  };
}

export function sentBytes(file: JobFile): number {
  if (file.state === "done") return file.size;
  let bytes = 0;
  for (const [index, tag] of file.tags.entries())
    if (tag !== null) bytes += Math.min(file.partSize, file.size - index * file.partSize);
  return bytes;
}

/** Forgets what the server had of a file: it begins anew. */
export function forget(file: JobFile): void {
  file.begun = null;
  file.tags = file.tags.map(() => null);
}

export function isOpen(file: JobFile): boolean {
  return file.state === "waiting" || file.state === "sending";
}

/** Which chosen files are those that an interrupted upload was about. */
export function matchFiles(
  job: Job,
  chosen: { path: string; file: File }[],
): { found: Map<string, File>; missing: JobFile[] } {
  const found = new Map<string, File>();
  const missing: JobFile[] = [];
  for (const wanted of job.files.filter(isOpen)) {
    const same = chosen.filter(
      ({ file }) => file.size === wanted.size && file.lastModified === wanted.lastModified,
    );
    const name = wanted.source.slice(wanted.source.lastIndexOf("/") + 1);
    const match =
      same.find(({ path }) => path === wanted.source) ??
      same.find(
        ({ path }) => wanted.source.endsWith(`/${path}`) || path.endsWith(`/${wanted.source}`),
      ) ??
      same.find(({ file }) => file.name === name);
    if (match === undefined) missing.push(wanted);
    else found.set(wanted.path, match.file);
  }
  return { found, missing };
}
