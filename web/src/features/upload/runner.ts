// Sends the files of one upload: a batch after the other, the parts of a batch a few at a time.
import { ApiError, isAbort, messageOf } from "../../api/errors";
import type { beginUpload, completeUpload, putPart } from "../../api/uploads";
import { batchLength } from "./plan";
import { forget, isOpen, type Job, type JobFile } from "./job";

export interface Transport {
  begin: typeof beginUpload;
  put: typeof putPart;
  complete: typeof completeUpload;
  /** Waits, or throws when the signal says stop. */
  pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export interface RunnerEvents {
  /** Something is different; `keep`: in what has to outlive the page. */
  changed: (keep: boolean) => void;
  /** Bytes of a part that are under way; 0: none any more. */
  flying: (file: JobFile, part: number, bytes: number) => void;
  /** The server cannot be reached, or can again. */
  waiting: (waiting: boolean) => void;
}

const PARTS_AT_ONCE = 4;
const TRIES = 5;
const FRESH_STARTS = 2;

/** The upload that the server had is gone: it expired, or somebody ended it. */
class Expired extends Error {}

export class Runner {
  private freshStarts = 0;
  /** Stops the parts of one file. */
  private readonly own = new Map<JobFile, AbortController>();

  constructor(
    private readonly job: Job,
    private readonly files: Map<string, File>,
    private readonly transport: Transport,
    private readonly events: RunnerEvents,
  ) {}

  /** Until every file is done or failed, or the signal says stop. */
  async run(signal: AbortSignal): Promise<void> {
    for (let batch = this.nextBatch(); batch.length > 0; batch = this.nextBatch()) {
      signal.throwIfAborted();
      try {
        await this.send(batch, signal);
      } catch (error) {
        if (isAbort(error)) throw error;
        if (error instanceof Expired && this.freshStarts++ < FRESH_STARTS)
          for (const file of batch.filter(isOpen)) forget(file);
        else
          this.failAll(
            batch,
            error instanceof Expired ? "The upload has expired." : messageOf(error),
          );
      }
    }
  }

  cancel(file: JobFile): void {
    file.state = "cancelled";
    this.own.get(file)?.abort();
    this.events.changed(true);
  }

  // Files of one beginning stay together: they are completed together.
  private nextBatch(): JobFile[] {
    const open = this.job.files.filter(isOpen);
    const begun = open.find((file) => file.begun !== null)?.begun;
    if (begun !== undefined && begun !== null)
      return open.filter((file) => file.begun?.uploadId === begun.uploadId);
    return open.slice(0, batchLength(open.map((file) => file.size)));
  }

  private failAll(files: JobFile[], reason: string): void {
    for (const file of files.filter(isOpen)) {
      file.state = "failed";
      file.error = reason;
    }
    this.events.changed(true);
  }

  private async send(batch: JobFile[], signal: AbortSignal): Promise<void> {
    if (batch.some((file) => file.begun === null)) await this.begin(batch, signal);
    const uploadId = batch[0]?.begun?.uploadId ?? "";
    const parts = batch.flatMap((file) =>
      file.tags.flatMap((tag, part) => (tag === null ? [{ file, part }] : [])),
    );
    // The first failure stops the others, and is the one that counts.
    const stop = new AbortController();
    const stopAll = () => {
      stop.abort();
      for (const file of batch) this.own.get(file)?.abort();
    };
    for (const file of batch) this.own.set(file, new AbortController());
    signal.addEventListener("abort", stopAll, { once: true });
    if (signal.aborted) stopAll();
    let next = 0;
    const worker = async () => {
      for (let work = parts[next++]; work !== undefined; work = parts[next++]) {
        stop.signal.throwIfAborted();
        if (isOpen(work.file)) await this.sendPart(work.file, work.part, stop.signal);
      }
    };
    const workers = Array.from({ length: PARTS_AT_ONCE }, worker).map((running) =>
      running.catch((error: unknown) => {
        stopAll();
        throw error;
      }),
    );
    const results = await Promise.allSettled(workers);
    signal.removeEventListener("abort", stopAll);
    for (const file of batch) this.own.delete(file);
    signal.throwIfAborted();
    const reason = results
      .flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []))
      .find((error) => !isAbort(error));
    if (reason !== undefined) throw reason;
    await this.complete(uploadId, batch.filter(isOpen), signal);
  }

  private async begin(batch: JobFile[], signal: AbortSignal): Promise<void> {
    const asked = batch.map((file) => ({
      path: file.path,
      size: file.size,
      parts: file.tags.length,
    }));
    const begun = await this.patiently(signal, () =>
      this.transport.begin(this.job.ref, this.job.type, asked, signal),
    );
    for (const [index, file] of batch.entries()) {
      const answer = begun.files[index];
      if (answer === undefined) throw new Error("The server's answer lacks a file.");
      file.begun = {
        uploadId: begun.uploadId,
        uploadIdS3: answer.uploadIdS3,
        urls: answer.urls,
      };
      file.state = "sending";
    }
    this.events.changed(true);
  }

  // `stop`: the batch is given up.
  private async sendPart(file: JobFile, part: number, stop: AbortSignal): Promise<void> {
    const source = this.files.get(file.path);
    const url = file.begun?.urls[part];
    const signal = this.own.get(file)?.signal ?? stop;
    if (source === undefined || url === undefined) {
      file.state = "failed";
      file.error = "The browser has this file no more. Choose it again.";
      return;
    }
    const from = part * file.partSize;
    const body = source.slice(from, Math.min(file.size, from + file.partSize));
    try {
      const tag = await this.patiently(signal, async () => {
        await this.checkReadable(body, file);
        return this.transport.put(
          url,
          body,
          (bytes) => this.events.flying(file, part, bytes),
          signal,
        );
      });
      file.tags[part] = tag;
    } catch (error) {
      if (isAbort(error) && !stop.aborted) return; // this file only
      if (error instanceof ApiError && [403, 404, 410].includes(error.status)) throw new Expired();
      if (!(error instanceof ApiError) && !isAbort(error)) {
        file.state = "failed";
        file.error = messageOf(error);
        return;
      }
      throw error;
    } finally {
      this.events.flying(file, part, 0);
      this.events.changed(true);
    }
  }

  // A file that was changed or removed on the disk cannot be read, and no patience helps.
  private async checkReadable(body: Blob, file: JobFile): Promise<void> {
    try {
      await body.slice(0, 1).arrayBuffer();
    } catch {
      throw new Error(`${file.source} was changed or removed since it was chosen.`);
    }
  }

  private async complete(uploadId: string, files: JobFile[], signal: AbortSignal): Promise<void> {
    if (files.length === 0) return;
    let lost = false; // an answer, and with it whether it was done
    const send = () =>
      this.transport
        .complete(
          this.job.ref,
          this.job.type,
          uploadId,
          files.map((file) => ({
            path: file.path,
            uploadIdS3: file.begun?.uploadIdS3 ?? "",
            tags: file.tags.map((tag) => tag ?? ""),
          })),
        )
        .catch((error: unknown) => {
          if (error instanceof ApiError && error.kind === "offline") lost = true;
          throw error;
        });
    try {
      const results = await this.patiently(signal, send);
      for (const file of files) {
        const result = results.find((one) => one.relativeKey === file.path);
        file.state = result?.success === true ? "done" : "failed";
        file.error =
          result?.success === true ? "" : (result?.error ?? "The server did not say why.");
      }
    } catch (error) {
      const gone = error instanceof ApiError && /record not found/i.test(error.message);
      if (gone && !lost) throw new Expired();
      if (!gone) throw error;
      // It was done, and the answer was lost on its way.
      for (const file of files) file.state = "done";
    }
    for (const file of files) file.begun = null;
    this.events.changed(true);
  }

  /** Tries again what failed for now: without limit while the server cannot be reached. */
  private async patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    let waited = false;
    try {
      for (let attempt = 0, tries = 0; ; ++attempt) {
        try {
          signal.throwIfAborted();
          return await work();
        } catch (error) {
          const kind = error instanceof ApiError ? error.kind : null;
          const again =
            kind === "offline" || ((kind === "busy" || kind === "broken") && ++tries < TRIES);
          if (!again) throw error;
          if (kind === "offline" && attempt > 0 && !waited) {
            waited = true;
            this.events.waiting(true);
          }
          await this.transport.pause(Math.min(15_000, 500 * 2 ** attempt), signal);
        }
      }
    } finally {
      if (waited) this.events.waiting(false);
    }
  }
}
