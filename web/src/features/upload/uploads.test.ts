import { expect, test, vi } from "vitest";
import { ApiError } from "../../api/errors";
import type { BegunUpload } from "../../api/uploads";
import type { Job } from "./job";
import type { Transport } from "./runner";
import type { JobStore } from "./store";
import { Uploads } from "./uploads";

const REF = { databaseId: "plant", assetId: "pump" };
const MIB = 1_048_576;

function fileOf(name: string, size = 5): File {
  const file = new File(["x".repeat(Math.min(size, 5))], name, { lastModified: 7 });
  Object.defineProperty(file, "size", { value: size });
  return file;
}

interface Fake extends Transport {
  sent: string[];
  completed: string[];
  waits: number[];
}

/** A server that takes everything; tests put failures into its way. */
function server(): Fake {
  let begun = 0;
  const fake: Fake = {
    sent: [],
    completed: [],
    waits: [],
    begin: (_ref, _type, files) => {
      const uploadId = `u${++begun}`;
      return Promise.resolve<BegunUpload>({
        uploadId,
        files: files.map((file) => ({
          relativeKey: file.path,
          uploadIdS3: `${uploadId}${file.path}`,
          urls: Array.from({ length: file.parts }, (_, part) => `${uploadId}${file.path}#${part}`),
        })),
      });
    },
    put: (url) => {
      fake.sent.push(url);
      return Promise.resolve(`tag ${url}`);
    },
    complete: (_ref, _type, uploadId, files) => {
      fake.completed.push(`${uploadId}: ${files.map((file) => file.path).join(" ")}`);
      return Promise.resolve(
        files.map((file) => ({ relativeKey: file.path, success: true, error: null })),
      );
    },
    pause: (milliseconds, signal) => {
      fake.waits.push(milliseconds);
      signal.throwIfAborted();
      return Promise.resolve();
    },
  };
  return fake;
}

function memory(): JobStore & { jobs: Map<string, Job> } {
  const jobs = new Map<string, Job>();
  return {
    jobs,
    all: () => Promise.resolve(structuredClone([...jobs.values()])),
    put: (job) => {
      jobs.set(job.id, structuredClone(job));
      return Promise.resolve();
    },
    remove: (id) => {
      jobs.delete(id);
      return Promise.resolve();
    },
  };
}

function start(uploads: Uploads, files: File[], extra: { metadata?: Job["metadata"] } = {}) {
  return uploads.start({
    user: "ann",
    ref: REF,
    assetName: "Pump",
    files: files.map((file) => ({ path: `/${file.name}`, source: file.name, file })),
    ...extra,
  });
}

const jobOf = (uploads: Uploads) => uploads.get()[0]!.job;
const finished = (uploads: Uploads) =>
  vi.waitFor(() => expect(jobOf(uploads).state).toBe("finished"));
const states = (uploads: Uploads) => jobOf(uploads).files.map((file) => file.state);

test("files are sent in parts and completed together", async () => {
  const net = server();
  const uploads = new Uploads(net, memory());
  const done = vi.fn();
  uploads.onFinished(done);

  start(uploads, [fileOf("a.glb", 40 * MIB), fileOf("b.glb"), fileOf("empty.txt", 0)]);
  await finished(uploads);

  expect(net.sent.sort()).toEqual(["u1/a.glb#0", "u1/a.glb#1", "u1/a.glb#2", "u1/b.glb#0"]);
  expect(net.completed).toEqual(["u1: /a.glb /b.glb /empty.txt"]);
  expect(states(uploads)).toEqual(["done", "done", "done"]);
  expect(done).toHaveBeenCalledOnce();
});

test("a broken connection is waited for, however long it takes", async () => {
  const net = server();
  const put = net.put;
  let failures = 12;
  net.put = (...given) =>
    failures-- > 0 ? Promise.reject(new ApiError("offline", "gone")) : put(...given);
  const uploads = new Uploads(net, memory());

  start(uploads, [fileOf("a.glb")]);
  await finished(uploads);

  expect(states(uploads)).toEqual(["done"]);
  expect(net.waits).toHaveLength(12);
  expect(Math.max(...net.waits)).toBe(15_000);
});

test("a server that goes on failing fails the files, and they can be tried again", async () => {
  const net = server();
  const put = net.put;
  net.put = () => Promise.reject(new ApiError("broken", "disk full", 500));
  const uploads = new Uploads(net, memory());

  const id = start(uploads, [fileOf("a.glb")]);
  await finished(uploads);
  expect(jobOf(uploads).files[0]).toMatchObject({ state: "failed", error: "disk full" });

  net.put = put;
  uploads.retry(id);
  await vi.waitFor(() => expect(states(uploads)).toEqual(["done"]));
});

test("an upload that has expired begins anew", async () => {
  const net = server();
  const put = net.put;
  net.put = (url, ...rest) =>
    url.startsWith("u1") ? Promise.reject(new ApiError("missing", "gone", 404)) : put(url, ...rest);
  const uploads = new Uploads(net, memory());

  start(uploads, [fileOf("a.glb"), fileOf("b.glb")]);
  await finished(uploads);

  expect(net.completed).toEqual(["u2: /a.glb /b.glb"]);
});

test("a refused file does not fail the others", async () => {
  const net = server();
  net.complete = (_ref, _type, _id, files) =>
    Promise.resolve(
      files.map(({ path }) => ({
        relativeKey: path,
        success: path !== "/b.glb",
        error: path === "/b.glb" ? "malicious" : null,
      })),
    );
  const uploads = new Uploads(net, memory());

  start(uploads, [fileOf("a.glb"), fileOf("b.glb")]);
  await finished(uploads);

  expect(states(uploads)).toEqual(["done", "failed"]);
  expect(jobOf(uploads).files[1]?.error).toBe("malicious");
});

test("a completion whose answer was lost is not done twice", async () => {
  const net = server();
  let asked = 0;
  net.complete = () =>
    Promise.reject(
      ++asked === 1
        ? new ApiError("offline", "gone")
        : new ApiError("invalid", "Upload record not found", 400),
    );
  const uploads = new Uploads(net, memory());

  start(uploads, [fileOf("a.glb")]);
  await finished(uploads);

  expect(states(uploads)).toEqual(["done"]);
});

test("pausing stops, resuming sends only what is missing", async () => {
  const net = server();
  const put = net.put;
  const open: (() => void)[] = [];
  net.put = (url, body, onProgress, signal) => {
    if (!url.endsWith("#2")) return put(url, body, onProgress, signal);
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
      open.push(() => undefined);
    });
  };
  const uploads = new Uploads(net, memory());
  const id = start(uploads, [fileOf("a.glb", 40 * MIB)]);
  await vi.waitFor(() => expect(open).toHaveLength(1));
  await vi.waitFor(() => expect(net.sent).toHaveLength(2));

  uploads.pause(id);
  expect(jobOf(uploads).state).toBe("paused");
  net.put = put;
  uploads.resume(id);
  await finished(uploads);

  expect(net.sent).toEqual(["u1/a.glb#0", "u1/a.glb#1", "u1/a.glb#2"]);
});

test("what one user has begun is not sent in the name of the next", async () => {
  const net = server();
  net.put = (_url, _body, _onProgress, signal) =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(new DOMException("x", "AbortError"))),
    );
  const uploads = new Uploads(net, memory());
  start(uploads, [fileOf("a.glb")]);
  await vi.waitFor(() => expect(states(uploads)).toEqual(["sending"]));

  uploads.pauseAll("ben");
  expect(jobOf(uploads).state).toBe("running");
  uploads.pauseAll("ann");

  expect(jobOf(uploads).state).toBe("paused");
});

test("one file is left out, the others go on", async () => {
  const net = server();
  const put = net.put;
  net.put = (url, body, onProgress, signal) =>
    url.includes("b.glb")
      ? new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new DOMException("x", "AbortError"))),
        )
      : put(url, body, onProgress, signal);
  const uploads = new Uploads(net, memory());
  const id = start(uploads, [fileOf("a.glb"), fileOf("b.glb")]);
  await vi.waitFor(() => expect(net.sent).toHaveLength(1));

  uploads.cancelFile(id, "/b.glb");
  await finished(uploads);

  expect(states(uploads)).toEqual(["done", "cancelled"]);
  expect(net.completed).toEqual(["u1: /a.glb"]);
});

test("after a reload the files are chosen again, and sent parts are not sent again", async () => {
  const net = server();
  const put = net.put;
  net.put = (url, ...rest) =>
    url.endsWith("#1") ? new Promise<string>(() => undefined) : put(url, ...rest);
  const store = memory();
  start(new Uploads(net, store), [fileOf("a.glb", 20 * MIB), fileOf("b.glb")]);
  await vi.waitFor(() => {
    const kept = [...store.jobs.values()][0];
    expect(kept?.files[0]?.tags[0]).toBeTruthy();
    expect(kept?.files[1]?.tags[0]).toBeTruthy();
  });

  net.put = put;
  net.sent = [];
  const uploads = new Uploads(net, store);
  await uploads.restore("somebody else");
  expect(uploads.get()).toEqual([]);
  await uploads.restore("ann");
  expect(jobOf(uploads).state).toBe("interrupted");
  const other = { path: "a.glb", file: fileOf("a.glb", 21 * MIB) };
  expect(uploads.resumeWith(jobOf(uploads).id, { candidates: [other], roots: [] })).toHaveLength(2);
  expect(jobOf(uploads).state).toBe("interrupted");

  const same = { path: "below/a.glb", file: fileOf("a.glb", 20 * MIB) };
  const missing = uploads.resumeWith(jobOf(uploads).id, { candidates: [same], roots: [] });
  await finished(uploads);

  expect(missing.map((file) => file.path)).toEqual(["/b.glb"]);
  expect(net.sent).toEqual(["u1/a.glb#1"]);
  expect(states(uploads)).toEqual(["done", "failed"]);
  expect(store.jobs.size).toBe(0);
});

test("metadata is written to every file that is there", async () => {
  const write = vi.fn(() =>
    Promise.resolve({
      success: true,
      totalItems: 1,
      successCount: 1,
      failureCount: 0,
      successfulItems: [],
      failedItems: [],
      message: "",
    }),
  );
  const uploads = new Uploads(server(), memory(), write);
  const metadata = [
    { metadataKey: "Source", metadataValue: "e2e", metadataValueType: "string" as const },
  ];

  start(uploads, [fileOf("a.glb")], { metadata });
  await finished(uploads);

  expect(write).toHaveBeenCalledWith(
    { kind: "file", ref: REF, filePath: "/a.glb", type: "metadata" },
    metadata,
  );
});
