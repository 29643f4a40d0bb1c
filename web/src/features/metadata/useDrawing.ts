// What drawing does to a GeoJSON text, a step at a time, with the way back.
import { useState } from "react";
import type { Place } from "../map/mercator";
import {
  addCorner,
  drawn,
  LEAST,
  moveCorner,
  readDrawing,
  removeCorner,
  writeDrawing,
  type Drawing,
  type Kind,
  type Path,
} from "./geoshapes";

export type Tool = "move" | Kind;

export interface Selected {
  shape: number;
  /** Null: the shape as a whole. */
  corner: Path | null;
}

export interface DrawingWork {
  drawing: Drawing;
  tool: Tool;
  /** Corners of the shape that is being drawn. */
  draft: Place[];
  selected: Selected | null;
  canUndo: boolean;
  canRedo: boolean;
  choose: (tool: Tool) => void;
  select: (selected: Selected | null) => void;
  /** Puts a corner; a second one at the same place ends the shape. `same`: as near as the window tells. */
  place: (place: Place, same: (a: Place, b: Place) => boolean) => void;
  finish: () => void;
  cancel: () => void;
  move: (shape: number, corner: Path, place: Place) => void;
  insert: (shape: number, corner: Path, place: Place) => void;
  /** What is selected: a corner, or the shape. */
  remove: () => void;
  undo: () => void;
  redo: () => void;
}

const MOST_STEPS = 200;

/** Null: the text is nothing that can be drawn. */
export function useDrawing(text: string, onChange: (text: string) => void): DrawingWork | null {
  const [tool, setTool] = useState<Tool>("move");
  const [draft, setDraft] = useState<Place[]>([]);
  const [selected, setSelected] = useState<Selected | null>(null);
  const [past, setPast] = useState<string[]>([]);
  const [future, setFuture] = useState<string[]>([]);
  const drawing = readDrawing(text);
  if (drawing === null) return null;

  const commit = (next: Drawing) => {
    setPast([...past, text].slice(-MOST_STEPS));
    setFuture([]);
    onChange(writeDrawing(next));
  };
  const change = (index: number, edit: (shape: Drawing["shapes"][number]) => typeof shape) =>
    commit({
      ...drawing,
      shapes: drawing.shapes.map((shape, at) => (at === index ? edit(shape) : shape)),
    });
  const add = (kind: Kind, places: Place[]) => {
    commit({
      ...drawing,
      shapes: [...drawing.shapes, { geometry: drawn(kind, places), feature: null }],
    });
    setDraft([]);
    setSelected({ shape: drawing.shapes.length, corner: null });
  };
  const finish = () => {
    if (tool !== "move" && draft.length >= LEAST[tool]) add(tool, draft);
  };
  const removeShape = (index: number) => {
    commit({ ...drawing, shapes: drawing.shapes.filter((_, at) => at !== index) });
    setSelected(null);
  };
  const step = (from: string[], to: string[], set: (from: string[], to: string[]) => void) => {
    const other = from.at(-1);
    if (other === undefined) return;
    set(from.slice(0, -1), [...to, text]);
    setSelected(null);
    onChange(other);
  };
  return {
    drawing,
    tool,
    draft,
    selected,
    canUndo: draft.length > 0 || past.length > 0,
    canRedo: draft.length === 0 && future.length > 0,
    choose: (next) => {
      setTool(next);
      setDraft([]);
      setSelected(null);
    },
    select: setSelected,
    place: (place, same) => {
      if (tool === "move") return;
      if (tool === "Point") return add("Point", [place]);
      const [first, last] = [draft[0], draft.at(-1)];
      const again = last !== undefined && same(last, place);
      const closed = tool === "Polygon" && first !== undefined && same(first, place);
      if (again || (closed && draft.length >= LEAST.Polygon)) finish();
      else setDraft([...draft, place]);
    },
    finish,
    cancel: () => setDraft([]),
    move: (index, corner, place) =>
      change(index, (shape) => ({ ...shape, geometry: moveCorner(shape.geometry, corner, place) })),
    insert: (index, corner, place) =>
      change(index, (shape) => ({ ...shape, geometry: addCorner(shape.geometry, corner, place) })),
    remove: () => {
      if (selected === null) return;
      const shape = drawing.shapes[selected.shape];
      if (shape === undefined) return;
      const left = selected.corner === null ? null : removeCorner(shape.geometry, selected.corner);
      if (left === null) return removeShape(selected.shape);
      change(selected.shape, (one) => ({ ...one, geometry: left }));
      setSelected({ shape: selected.shape, corner: null });
    },
    undo: () => {
      if (draft.length > 0) return setDraft(draft.slice(0, -1));
      step(past, future, (left, right) => {
        setPast(left);
        setFuture(right);
      });
    },
    redo: () =>
      step(future, past, (left, right) => {
        setFuture(left);
        setPast(right);
      }),
  };
}
