import { expect, test, vi } from "vitest";
import { CannotShow } from "./cannot";
import { inWorker } from "./worker";

class Fake {
  onmessage: (event: { data: unknown }) => void = () => undefined;
  onerror: (event: { message: string; preventDefault: () => void }) => void = () => undefined;
  terminate = vi.fn();
  postMessage = vi.fn();
}

const begin = (signal?: AbortSignal, onPart = vi.fn()) => {
  const worker = new Fake();
  const result = inWorker<string, string, string>(worker as unknown as Worker, {
    task: "do",
    given: [],
    signal,
    failed: (why) => new Error(`failed: ${why}`),
    onPart,
  });
  return { worker, result, onPart };
};

test("parts come before the result, and then the worker ends", async () => {
  const { worker, result, onPart } = begin();
  worker.onmessage({ data: { kind: "part", part: "a" } });
  worker.onmessage({ data: { kind: "result", result: "b" } });
  expect(await result).toBe("b");
  expect(onPart).toHaveBeenCalledWith("a");
  expect(worker.terminate).toHaveBeenCalled();
});

test("reasons for people stay as they are, others are explained", async () => {
  const told = begin();
  told.worker.onmessage({ data: { kind: "failed", message: "Empty.", cannot: true } });
  await expect(told.result).rejects.toEqual(new CannotShow("Empty."));
  const thrown = begin();
  thrown.worker.onmessage({ data: { kind: "failed", message: "x", cannot: false } });
  await expect(thrown.result).rejects.toThrow("failed: x");
});

test("a worker that stops, and one that nobody waits for", async () => {
  const stopped = begin();
  stopped.worker.onerror({ message: "", preventDefault: () => undefined });
  await expect(stopped.result).rejects.toThrow("failed: the browser stopped it");
  expect(stopped.worker.terminate).toHaveBeenCalled();
  const stop = new AbortController();
  const left = begin(stop.signal);
  stop.abort();
  await expect(left.result).rejects.toMatchObject({ name: "AbortError" });
  expect(left.worker.terminate).toHaveBeenCalled();
});
