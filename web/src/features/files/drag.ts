// Files and folders that are dragged within the page.
import type { DragEvent } from "react";

const TYPE = "application/x-vams-entries";

export interface Dragged {
  /** Paths of an asset. */
  paths: string[];
  asset: string;
}

export function startDrag(event: DragEvent, dragged: Dragged): void {
  event.dataTransfer.setData(TYPE, JSON.stringify(dragged));
  event.dataTransfer.effectAllowed = "copyMove";
}

export function holdsEntries(event: DragEvent): boolean {
  return event.dataTransfer.types.includes(TYPE);
}

export function readDrag(event: DragEvent): Dragged | null {
  try {
    return JSON.parse(event.dataTransfer.getData(TYPE)) as Dragged;
  } catch {
    return null;
  }
}

/** With Ctrl or Alt it is a copy, as file managers do it. */
export function wantsCopy(event: DragEvent): boolean {
  return event.ctrlKey || event.altKey || event.metaKey;
}
