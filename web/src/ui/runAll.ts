// Does one thing to many items, a few at a time; no failure stops the others.
import { isAbort, messageOf } from "../api/errors";

export interface Outcome<T> {
  item: T;
  /** Null: it was done. */
  error: string | null;
}

export async function runAll<T>(
  items: T[],
  work: (item: T) => Promise<unknown>,
  options: { atOnce: number; onProgress?: (done: number) => void; signal?: AbortSignal },
): Promise<Outcome<T>[]> {
  const outcomes: Outcome<T>[] = items.map((item) => ({ item, error: "It was not begun." }));
  let next = 0;
  let done = 0;
  const worker = async () => {
    for (let outcome = outcomes[next++]; outcome !== undefined; outcome = outcomes[next++]) {
      if (options.signal?.aborted === true) return;
      try {
        await work(outcome.item);
        outcome.error = null;
      } catch (error) {
        outcome.error = isAbort(error) ? "It was stopped." : messageOf(error);
      }
      options.onProgress?.(++done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.atOnce, items.length) }, worker));
  return outcomes;
}
