// Work away from the page, which stays responsive: both ends of the talk. Imported by workers too, so
// nothing here may need a page.
import { CannotShow } from "./cannot";

type Answer<Result, Part> =
  | { kind: "part"; part: Part }
  | { kind: "result"; result: Result }
  | { kind: "failed"; message: string; cannot: boolean };

export interface Work<Task, Part> {
  task: Task;
  /** Goes over to the worker. */
  given: Transferable[];
  signal: AbortSignal | undefined;
  /** What is told of a worker that fails for a reason that is not meant for people. */
  failed: (why: string) => Error;
  onPart?: (part: Part) => void;
}

/** The worker ends with its result, with its failure, or when nobody waits any more. */
export function inWorker<Task, Result, Part = never>(
  worker: Worker,
  work: Work<Task, Part>,
): Promise<Result> {
  const result = new Promise<Result>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Answer<Result, Part>>) => {
      if (data.kind === "part") work.onPart?.(data.part);
      else if (data.kind === "result") resolve(data.result);
      else reject(data.cannot ? new CannotShow(data.message) : work.failed(data.message));
    };
    // Also when it runs out of memory.
    worker.onerror = (event) => {
      event.preventDefault();
      reject(work.failed(event.message || "the browser stopped it"));
    };
    const stop = () => reject(new DOMException("stopped", "AbortError"));
    work.signal?.addEventListener("abort", stop, { once: true });
    worker.postMessage(work.task, work.given);
  });
  return result.finally(() => worker.terminate());
}

interface Scope<Task> {
  onmessage: (event: MessageEvent<Task>) => void;
  postMessage: (answer: Answer<unknown, unknown>, given: Transferable[]) => void;
}

/** The worker's end. `work` gives its result, and what of it goes over to the page. */
export function answerWith<Task, Result, Part = never>(
  work: (
    task: Task,
    send: (part: Part) => void,
  ) => Promise<{ result: Result; given?: Transferable[] }>,
): void {
  const scope = self as unknown as Scope<Task>;
  scope.onmessage = ({ data }) => {
    work(data, (part) => scope.postMessage({ kind: "part", part }, [])).then(
      ({ result, given = [] }) => scope.postMessage({ kind: "result", result }, given),
      (error: unknown) =>
        scope.postMessage(
          {
            kind: "failed",
            message: error instanceof Error ? error.message : String(error),
            cannot: error instanceof CannotShow,
          },
          [],
        ),
    );
  };
}
