// Files on their way from the page that they were dropped onto to the page that takes them.
import type { Collected } from "./collect";

let held: Collected | null = null;

export function give(files: Collected): void {
  held = files;
}

export function take(): Collected | null {
  const files = held;
  held = null;
  return files;
}
