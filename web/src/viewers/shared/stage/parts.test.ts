import { BoxGeometry, Group, Mesh, Object3D } from "three";
import { expect, test } from "vitest";
import { firstOpen, hiddenIn, openLines, partsOf, showParts, unseenParts, wayTo } from "./parts";

function named<T extends Object3D>(object: T, name: string, ...below: Object3D[]): T {
  object.name = name;
  if (below.length > 0) object.add(...below);
  return object;
}

function sample() {
  const geometry = new BoxGeometry();
  const bolt = named(new Mesh(geometry), "bolt");
  const nut = named(new Mesh(geometry), "");
  const edges = new Mesh(geometry);
  edges.userData["decoration"] = true;
  const joint = named(new Group(), "joint", bolt, nut);
  const plate = named(new Mesh(geometry), "plate", edges);
  const root = named(new Group(), "", named(new Group(), "frame", joint, plate, new Group()));
  const parts = partsOf([{ object: root }], ["machine.glb"]);
  const id = (name: string) =>
    openLines(parts, new Set(every(parts))).find(({ part }) => part.name === name)?.part.id ?? "";
  return { parts, id, bolt, nut, plate };
}

function every(parts: ReturnType<typeof partsOf>): string[] {
  return parts.flatMap((part) => [part.id, ...every(part.children)]);
}

const lines = (parts: ReturnType<typeof partsOf>, open: Set<string>) =>
  openLines(parts, open).map(({ part, level }) => `${level} ${part.name} ${part.triangles}`);

test("the tree has the names of the file, and nothing that cannot be seen", () => {
  const { parts } = sample();
  expect(lines(parts, new Set(every(parts)))).toEqual([
    "1 machine.glb 36",
    "2 frame 36",
    "3 joint 24",
    "4 bolt 12",
    "4 Shape 1 12",
    "3 plate 12",
  ]);
  expect(lines(parts, firstOpen(parts))).toEqual([
    "1 machine.glb 36",
    "2 frame 36",
    "3 joint 24",
    "3 plate 12",
  ]);
});

test("the way to a part", () => {
  const { parts, id } = sample();
  expect(wayTo(parts, id("bolt")).map((part) => part.name)).toEqual([
    "machine.glb",
    "frame",
    "joint",
    "bolt",
  ]);
  expect(wayTo(parts, "none")).toEqual([]);
});

test("what is hidden takes what is below with it", () => {
  const { parts, id, bolt, nut, plate } = sample();
  showParts(parts, unseenParts(parts, new Set([id("joint")]), null));
  expect([bolt.visible, nut.visible, plate.visible]).toEqual([false, false, true]);
  expect(hiddenIn(parts).has(id("joint"))).toBe(true);
  showParts(parts, unseenParts(parts, new Set(), null));
  expect(hiddenIn(parts).size).toBe(0);
});

test("alone is a part with what is below, but for what is hidden", () => {
  const { parts, id, bolt, nut, plate } = sample();
  showParts(parts, unseenParts(parts, new Set([id("bolt")]), id("joint")));
  expect([bolt.visible, nut.visible, plate.visible]).toEqual([false, true, false]);
  expect(parts[0]?.object.visible).toBe(true);
});
