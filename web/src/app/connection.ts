// Whether the server can be reached. Learned from queries that fail, and asked again until it can.
import { useSyncExternalStore } from "react";
import { ApiError } from "../api/errors";
import { urlOf } from "../api/http";

let reachable = true;
let timer: ReturnType<typeof setTimeout> | undefined;
const watchers = new Set<() => void>();
let onBack: () => void = () => {};

function become(next: boolean): void {
  if (next === reachable) return;
  reachable = next;
  for (const watcher of watchers) watcher();
  if (next) onBack();
}

async function ask(): Promise<void> {
  try {
    const response = await fetch(urlOf("healthz"), { cache: "no-store" });
    if (response.ok) return become(true);
  } catch {
    // Still away.
  }
  timer = setTimeout(() => void ask(), 3_000);
}

export function noteFailure(error: unknown): void {
  if (!(error instanceof ApiError) || error.kind !== "offline" || !reachable) return;
  become(false);
  clearTimeout(timer);
  timer = setTimeout(() => void ask(), 1_000);
}

export function whenBack(work: () => void): void {
  onBack = work;
}

export function useReachable(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => reachable,
  );
}
