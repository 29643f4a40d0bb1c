// A line that stands for a folder takes what is dropped onto it: files from outside, or files and
// folders of the same asset.
import { useRef, useState, type DragEvent } from "react";
import { fail } from "../../app/flash";
import { collectDropped, type Collected } from "../upload/collect";
import { holdsFiles } from "../upload/DropZone";
import { holdsEntries, readDrag, wantsCopy, type Dragged } from "./drag";

export interface FolderDrops {
  onFiles: (folder: string, files: Collected) => void;
  onEntries: (folder: string, dragged: Dragged, copy: boolean) => void;
}

/** Null: nothing is taken. */
export function useFolderDrop(folder: string, drops: FolderDrops | null) {
  const depth = useRef(0);
  const [over, setOver] = useState(false);
  const takes = (event: DragEvent) =>
    drops !== null && (holdsFiles(event.dataTransfer) || holdsEntries(event));
  const step = (event: DragEvent, by: number) => {
    if (!takes(event)) return;
    event.preventDefault();
    event.stopPropagation();
    depth.current = Math.max(0, depth.current + by);
    setOver(depth.current > 0);
  };
  return {
    over,
    handlers: {
      onDragEnter: (event: DragEvent) => step(event, 1),
      onDragLeave: (event: DragEvent) => step(event, -1),
      onDragOver: (event: DragEvent) => {
        if (!takes(event)) return;
        event.preventDefault();
        event.stopPropagation();
        event.dataTransfer.dropEffect =
          holdsFiles(event.dataTransfer) || wantsCopy(event) ? "copy" : "move";
      },
      onDrop: (event: DragEvent) => {
        depth.current = 0;
        setOver(false);
        if (drops === null || !takes(event)) return;
        event.preventDefault();
        event.stopPropagation();
        if (holdsFiles(event.dataTransfer)) {
          collectDropped(event.dataTransfer).then(
            (files) => files.candidates.length > 0 && drops.onFiles(folder, files),
            (error: unknown) => fail("The files cannot be read", error),
          );
          return;
        }
        const dragged = readDrag(event);
        if (dragged !== null) drops.onEntries(folder, dragged, wantsCopy(event));
      },
    },
  };
}
