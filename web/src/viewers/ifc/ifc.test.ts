import { IfcAPI, LogLevel } from "web-ifc";
import { beforeAll, describe, expect, test } from "vitest";
import { ifcFile } from "../../../e2e/samples/ifc.mjs";
import type { Part } from "../cad/shapes";
import { buildingOf } from "./building";

const api = new IfcAPI();
beforeAll(async () => {
  await api.Init();
  api.SetLogLevel(LogLevel.LOG_LEVEL_OFF);
});

const read = (text: string) => buildingOf(api, new TextEncoder().encode(text));

function namesOf(part: Part, level = 0): string[] {
  return [
    `${" ".repeat(level)}${part.name}`,
    ...part.children.flatMap((child) => namesOf(child, level + 1)),
  ];
}

describe("a building", () => {
  test("becomes a tree of its storeys and elements", async () => {
    const part = await read(ifcFile());
    expect(namesOf(part)).toEqual([
      "Works",
      " Hall",
      "  Ground floor",
      "   North wall",
      "   West wall",
    ]);
  });

  test("has shapes of its walls' sizes and colours, upright and in metres", async () => {
    const storey = (await read(ifcFile())).children[0]?.children[0];
    const [north, west] = storey?.children.map((wall) => wall.shapes[0]) ?? [];
    expect(north?.index).toHaveLength(36);
    expect(north?.normals).toHaveLength(north?.positions.length ?? 0);
    const reach = (axis: number) => {
      const values = [...(north?.positions ?? [])].filter((_, at) => at % 3 === axis);
      return Math.max(...values) - Math.min(...values);
    };
    expect([reach(0), reach(1), reach(2)].map((length) => Math.round(length * 10) / 10)).toEqual([
      6, 3, 0.4,
    ]);
    const [red, , blue] = north?.groups[0]?.colour ?? [0, 0, 0];
    expect(red).toBeGreaterThan(blue * 4);
    expect(west?.groups[0]?.colour?.[2]).toBeGreaterThan(0.5);
  });

  test("without elements is empty", async () => {
    const text = ifcFile().replace(/#\d+=IFC(WALL|RELCONTAINED|SHAPEREP|EXTRUDED).*\n/g, "");
    const part = await read(text);
    expect(part.children).toEqual([]);
  });
});
