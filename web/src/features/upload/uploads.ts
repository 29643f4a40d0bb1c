// All uploads of this tab: one after the other, kept over reloads, and watched by the tray.
import { putMetadata } from "../../api/changes";
import { isAbort, messageOf } from "../../api/errors";
import { pause } from "../../api/http";
import { randomId } from "../../api/id";
import { beginUpload, completeUpload, putPart, type UploadType } from "../../api/uploads";
import type { MetadataEntry } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import { collectAgain, type Collected, type Root } from "./collect";
import {
  forget,
  isOpen,
  matchFiles,
  newFile,
  sentBytes,
  type Job,
  type JobFile,
  type NewFile,
} from "./job";
import { Rate } from "./rate";
import { Runner, type Transport } from "./runner";
import { browserStore, type JobStore } from "./store";

export interface Progress {
  bytes: number;
  total: number;
  /** Bytes in a second; null: not known yet. */
  rate: number | null;
  /** The server cannot be reached. */
  waiting: boolean;
}

/** A job and what is known of it beside what is kept; a new object after every change. */
export interface Shown {
  job: Job;
  progress: Progress;
}

interface Held {
  job: Job;
  files: Map<string, File>;
  flying: Map<string, number>;
  waiting: boolean;
  rate: Rate;
  runner: Runner | null;
  stop: AbortController | null;
  /** The last run has ended, also where the browser has no locks. */
  ended: Promise<void>;
  saved: number;
  saving: ReturnType<typeof setTimeout> | undefined;
}

const SAVE_EVERY = 800;
const SHOW_EVERY = 250;
const METADATA_AT_ONCE = 3;

const network: Transport = { begin: beginUpload, put: putPart, complete: completeUpload, pause };

export interface Request {
  user: string;
  ref: AssetRef;
  assetName: string;
  type?: UploadType;
  files: NewFile[];
  roots?: Root[];
  metadata?: MetadataEntry[];
}

export class Uploads {
  private held: Held[] = [];
  private shown: readonly Shown[] = [];
  private readonly watchers = new Set<() => void>();
  private readonly finished = new Set<(job: Job) => void>();
  private showing: ReturnType<typeof setTimeout> | undefined;
  private restored: string | null = null;

  constructor(
    private readonly transport: Transport = network,
    private readonly store: JobStore = browserStore,
    private readonly writeMetadata: typeof putMetadata = putMetadata,
  ) {}

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };
  readonly get = (): readonly Shown[] => this.shown;

  /** Called with every upload whose files are all done or failed. */
  onFinished(work: (job: Job) => void): () => void {
    this.finished.add(work);
    return () => this.finished.delete(work);
  }

  get busy(): boolean {
    return this.held.some(({ job }) => job.state === "running" || job.state === "queued");
  }

  start(request: Request): string {
    const job: Job = {
      id: randomId(),
      user: request.user,
      ref: request.ref,
      assetName: request.assetName,
      type: request.type ?? "assetFile",
      created: Date.now(),
      state: "queued",
      files: request.files.map(newFile),
      roots: request.roots ?? [],
      metadata: request.metadata ?? [],
      notes: [],
    };
    const held = this.hold(job);
    for (const { path, file } of request.files) held.files.set(path, file);
    this.save(held, true);
    void this.next();
    return job.id;
  }

  /** Shows what an earlier page of this user left behind. */
  async restore(user: string): Promise<void> {
    if (this.restored === user) return;
    this.restored = user;
    for (const job of await this.store.all()) {
      if (job.user !== user || this.held.some((held) => held.job.id === job.id)) continue;
      if (job.state === "finished") await this.store.remove(job.id);
      else if (await this.isFree(job.id)) {
        job.state = "interrupted";
        this.hold(job);
      }
    }
    this.show();
  }

  /** Goes on with files that were chosen again; those that are still missing. */
  resumeWith(id: string, chosen: Collected): JobFile[] {
    const held = this.find(id);
    if (held === undefined) return [];
    const { found, missing } = matchFiles(held.job, chosen.candidates);
    if (found.size === 0) return missing;
    for (const [path, file] of found) held.files.set(path, file);
    for (const file of missing) {
      file.state = "failed";
      file.error = "It was not among the files that were chosen again.";
    }
    held.job.roots.push(...chosen.roots);
    held.job.state = "queued";
    this.save(held, true);
    void this.next();
    return missing;
  }

  /** Like `resumeWith`, from what the browser may read again by itself. False: nothing was there. */
  async resumeByItself(id: string): Promise<boolean> {
    const held = this.find(id);
    if (held === undefined) return false;
    const candidates = await collectAgain(held.job.roots);
    if (matchFiles(held.job, candidates).found.size === 0) return false;
    this.resumeWith(id, { candidates, roots: [] });
    return true;
  }

  pause(id: string): void {
    const held = this.find(id);
    if (held === undefined || held.job.state === "finished") return;
    held.job.state = "paused";
    held.stop?.abort();
    this.save(held, true);
  }

  /** When a user leaves: nothing of theirs is sent in the name of the next. */
  pauseAll(user: string): void {
    for (const { job } of this.held)
      if (job.user === user && (job.state === "running" || job.state === "queued"))
        this.pause(job.id);
  }

  resume(id: string): void {
    const held = this.find(id);
    if (held?.job.state !== "paused") return;
    held.job.state = "queued";
    held.rate.clear();
    this.save(held, true);
    void this.next();
  }

  /** Failed files once more, from their beginning. */
  retry(id: string): void {
    const held = this.find(id);
    if (held === undefined) return;
    for (const file of held.job.files)
      if (file.state === "failed" && held.files.has(file.path)) {
        file.state = "waiting";
        file.error = "";
        forget(file);
      }
    held.job.state = "queued";
    this.save(held, true);
    void this.next();
  }

  cancelFile(id: string, path: string): void {
    const held = this.find(id);
    const file = held?.job.files.find((one) => one.path === path);
    if (held === undefined || file === undefined || !isOpen(file)) return;
    if (held.runner === null) file.state = "cancelled";
    else held.runner.cancel(file);
    this.save(held, true);
  }

  /** Ends an upload, or takes a finished one from the list. */
  remove(id: string): void {
    const held = this.find(id);
    if (held === undefined) return;
    this.held = this.held.filter((other) => other !== held);
    held.stop?.abort();
    clearTimeout(held.saving);
    void this.store.remove(id);
    this.show();
    void this.next();
  }

  private find(id: string): Held | undefined {
    return this.held.find(({ job }) => job.id === id);
  }

  private hold(job: Job): Held {
    const held: Held = {
      job,
      files: new Map(),
      flying: new Map(),
      waiting: false,
      rate: new Rate(),
      runner: null,
      stop: null,
      ended: Promise.resolve(),
      saved: 0,
      saving: undefined,
    };
    this.held.push(held);
    this.show();
    return held;
  }

  private async isFree(id: string): Promise<boolean> {
    if (!("locks" in navigator)) return true;
    const lock = `vams-upload-${id}`;
    return await navigator.locks.request(lock, { ifAvailable: true }, (got) => got !== null);
  }

  // Another tab must not send the same upload.
  private async locked(id: string, work: () => Promise<void>): Promise<void> {
    if ("locks" in navigator) await navigator.locks.request(`vams-upload-${id}`, work);
    else await work();
  }

  private async next(): Promise<void> {
    if (this.held.some(({ job }) => job.state === "running")) return;
    const held = this.held.find(({ job }) => job.state === "queued");
    if (held === undefined) return;
    held.job.state = "running";
    held.stop = new AbortController();
    const signal = held.stop.signal;
    this.show();
    try {
      const run = () => this.locked(held.job.id, () => this.run(held, signal));
      await (held.ended = held.ended.then(run));
    } finally {
      void this.next();
    }
  }

  private async run(held: Held, signal: AbortSignal): Promise<void> {
    const { job } = held;
    held.runner = new Runner(job, held.files, this.transport, {
      changed: (keep) => (keep ? this.save(held, false) : this.show()),
      flying: (file, part, bytes) => {
        const key = `${part} ${file.path}`;
        if (bytes === 0) held.flying.delete(key);
        else held.flying.set(key, bytes);
        this.showSoon();
      },
      waiting: (waiting) => {
        held.waiting = waiting;
        this.show();
      },
    });
    try {
      await held.runner.run(signal);
      await this.describe(job);
      job.state = "finished";
    } catch (error) {
      if (!isAbort(error)) {
        job.notes.push(messageOf(error));
        job.state = "finished";
      }
    } finally {
      held.runner = null;
      held.flying.clear();
      held.waiting = false;
    }
    if (this.find(job.id) === undefined) return;
    this.save(held, true);
    if (job.state === "finished") for (const work of this.finished) work(job);
  }

  /** Writes the metadata that goes with every file. */
  private async describe(job: Job): Promise<void> {
    if (job.metadata.length === 0) return;
    const done = job.files.filter((file) => file.state === "done");
    let next = 0;
    const worker = async () => {
      for (let file = done[next++]; file !== undefined; file = done[next++])
        try {
          const target = {
            kind: "file",
            ref: job.ref,
            filePath: file.path,
            type: "metadata",
          } as const;
          await this.writeMetadata(target, job.metadata);
        } catch (error) {
          job.notes.push(`Metadata of ${file.path}: ${messageOf(error)}`);
        }
    };
    await Promise.all(Array.from({ length: METADATA_AT_ONCE }, worker));
    job.metadata = [];
  }

  private save(held: Held, now: boolean): void {
    this.showSoon();
    clearTimeout(held.saving);
    const write = () => {
      held.saved = Date.now();
      if (this.find(held.job.id) === undefined) return;
      if (held.job.state === "finished") void this.store.remove(held.job.id);
      else void this.store.put(held.job);
    };
    const wait = held.saved + SAVE_EVERY - Date.now();
    if (now || wait <= 0) write();
    else held.saving = setTimeout(write, wait);
    if (now) this.show();
  }

  private showSoon(): void {
    this.showing ??= setTimeout(() => this.show(), SHOW_EVERY);
  }

  private show(): void {
    clearTimeout(this.showing);
    this.showing = undefined;
    this.shown = this.held.map((held) => ({
      job: { ...held.job },
      progress: this.progressOf(held),
    }));
    for (const watcher of this.watchers) watcher();
  }

  private progressOf(held: Held): Progress {
    const counted = held.job.files.filter((file) => file.state !== "cancelled");
    const total = counted.reduce((sum, file) => sum + file.size, 0);
    let bytes = counted.reduce((sum, file) => sum + sentBytes(file), 0);
    for (const flying of held.flying.values()) bytes += flying;
    bytes = Math.min(total, bytes);
    if (held.job.state === "running") held.rate.add(Date.now(), bytes);
    const rate = held.job.state === "running" ? held.rate.perSecond() : null;
    return { bytes, total, rate, waiting: held.waiting };
  }
}

export const uploads = new Uploads();
