// Messages at the top of the page. What failed stays until dismissed and names the request, so that an
// administrator can find it in the server's log; what was done goes by itself.
import { useSyncExternalStore } from "react";
import { ApiError, messageOf } from "../api/errors";

export interface Flash {
  id: string;
  type: "error" | "success";
  header?: string;
  text: string;
  requestId?: string;
  action?: { text: string; run: () => void };
}

const STAYS = 8_000;

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

function show(flash: Omit<Flash, "id">): string {
  const id = `flash-${++count}`;
  become([{ ...flash, id }, ...flashes].slice(0, 8));
  return id;
}

/** `undo` is offered as long as the message stays. */
export function succeed(text: string, undo?: () => Promise<unknown>): void {
  const action =
    undo === undefined
      ? {}
      : {
          action: {
            text: "Undo",
            run: () => {
              dismiss(id);
              undo().catch((error: unknown) => fail("This cannot be undone", error));
            },
          },
        };
  const id = show({ type: "success", text, ...action });
  setTimeout(() => dismiss(id), undo === undefined ? STAYS : 2 * STAYS);
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
