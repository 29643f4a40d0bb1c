// The parts of models as a tree, and which of them are seen.
import { Line, Mesh, Points, type Object3D } from "three";
import { isDecoration, trianglesOf, type Model } from "./model";

export interface Part {
  /** Of its object. */
  id: string;
  name: string;
  kind: "group" | "shape" | "points";
  object: Object3D;
  /** Of it and all below. */
  triangles: number;
  children: Part[];
}

function kindOf(object: Object3D): Part["kind"] {
  if (object instanceof Points) return "points";
  return object instanceof Mesh || object instanceof Line ? "shape" : "group";
}

const KINDS: Record<Part["kind"], string> = { group: "Group", shape: "Shape", points: "Points" };

/** Null for what holds nothing that could be seen. */
function partOf(object: Object3D, name: string): Part | null {
  const counts = { group: 0, shape: 0, points: 0 };
  const children = object.children.flatMap((child) => {
    const childName = child.name || `${KINDS[kindOf(child)]} ${++counts[kindOf(child)]}`;
    return partOf(child, childName) ?? [];
  });
  const kind = kindOf(object);
  if (isDecoration(object)) return null;
  if (kind === "group" && children.length === 0) return null;
  const own = object instanceof Mesh ? trianglesOf(object) : 0;
  const triangles = children.reduce((sum, child) => sum + child.triangles, own);
  return { id: object.uuid, name, kind, object, triangles, children };
}

/** A tree for each model; `names` are those of their files. */
export function partsOf(models: readonly Pick<Model, "object">[], names: string[]): Part[] {
  return models.flatMap(
    ({ object }, index) => partOf(object, names[index] ?? (object.name || "Model")) ?? [],
  );
}

export interface TreeLine {
  part: Part;
  level: number;
  parent: string | null;
}

/** What a tree shows with these parts open. */
export function openLines(parts: readonly Part[], open: ReadonlySet<string>): TreeLine[] {
  const lines: TreeLine[] = [];
  const walk = (list: readonly Part[], level: number, parent: string | null) => {
    for (const part of list) {
      lines.push({ part, level, parent });
      if (open.has(part.id)) walk(part.children, level + 1, part.id);
    }
  };
  walk(parts, 1, null);
  return lines;
}

/** From the top to a part, itself included; empty if it is in no tree. */
export function wayTo(parts: readonly Part[], id: string): Part[] {
  for (const part of parts) {
    if (part.id === id) return [part];
    const below = wayTo(part.children, id);
    if (below.length > 0) return [part, ...below];
  }
  return [];
}

/** The way down to the first part with a choice below it is open from the beginning. */
export function firstOpen(parts: readonly Part[]): Set<string> {
  const open = new Set<string>();
  for (let list = parts; list.length === 1;) {
    const [only] = list;
    if (only === undefined || only.children.length === 0) break;
    open.add(only.id);
    list = only.children;
  }
  return open;
}

/** Those that the file itself hides. */
export function hiddenIn(parts: readonly Part[]): Set<string> {
  return new Set(
    parts.flatMap((part) => [
      ...(part.object.visible ? [] : [part.id]),
      ...hiddenIn(part.children),
    ]),
  );
}

/** The parts that are not seen: hidden themselves or with what they belong to, or beside one shown alone. */
export function unseenParts(
  parts: readonly Part[],
  hidden: ReadonlySet<string>,
  alone: string | null,
): Set<string> {
  const unseen = new Set<string>();
  const way = new Set(alone === null ? [] : wayTo(parts, alone).map((part) => part.id));
  const walk = (part: Part, inside: boolean, above: boolean) => {
    const chosen = inside || part.id === alone;
    const gone = above || hidden.has(part.id) || !(chosen || way.has(part.id));
    if (gone) unseen.add(part.id);
    for (const child of part.children) walk(child, chosen, gone);
  };
  for (const part of parts) walk(part, alone === null, false);
  return unseen;
}

export function showParts(parts: readonly Part[], unseen: ReadonlySet<string>): void {
  for (const part of parts) {
    part.object.visible = !unseen.has(part.id);
    showParts(part.children, unseen);
  }
}
