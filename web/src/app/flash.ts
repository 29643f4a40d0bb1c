// Messages at the top of the page about what failed. They stay until dismissed and name the request,
// so that an administrator can find it in the server's log.
import { useSyncExternalStore } from "react";
import { ApiError, messageOf } from "../api/errors";

export interface Flash {
  id: string;
  type: "error";
  header?: string;
  text: string;
  requestId?: string;
}

let flashes: readonly Flash[] = [];
let count = 0;
const watchers = new Set<() => void>();

function become(next: readonly Flash[]): void {
  flashes = next;
  for (const watcher of watchers) watcher();
}

export function dismiss(id: string): void {
  become(flashes.filter((flash) => flash.id !== id));
}

function show(flash: Omit<Flash, "id">): void {
  const id = `flash-${++count}`;
  become([{ ...flash, id }, ...flashes].slice(0, 8));
}

export function fail(what: string, error: unknown): void {
  if (error instanceof ApiError && error.kind === "signedOut") return; // the sign-in page says it
  const requestId = error instanceof ApiError ? error.requestId : null;
  show({
    type: "error",
    header: what,
    text: messageOf(error),
    ...(requestId === null ? {} : { requestId }),
  });
}

export function clearFlashes(): void {
  become([]);
}

export function useFlashes(): readonly Flash[] {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => flashes,
  );
}
