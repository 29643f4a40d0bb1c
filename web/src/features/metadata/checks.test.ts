import { expect, test } from "vitest";
import type { ValueType } from "../../api/types";
import { parseJson, valueProblem } from "./checks";

// As the server decides (api-metadata.md section 4).
const ACCEPTED: [ValueType, string[]][] = [
  ["string", ["Bay 7 / north rack", "", "  \t"]],
  ["number", ["42", "-0.75", "6.02e23", " 17 ", "1_250", ".5", "5.", "+3", "1e400", "nan", "iNf"]],
  ["boolean", ["true", "FALSE", "tRuE"]],
  [
    "date",
    [
      "2031-04-05",
      "2031-04-05T06:07:08Z",
      "2031-04-05T06:07:08.123+05:30",
      "20310405T060708Z",
      "2031-W14-6",
      "2031W146",
      "2031-04-05 06:07",
      "2031-04-05T06",
      "2031-04-05T06:07:08,5",
      "2032-02-29",
      "2031-04-05Z",
    ],
  ],
  ["xyz", ['{"x":1,"y":-2.5,"z":0}', '{"x":1,"y":2,"z":3,"unit":"m"}', '{"x":NaN,"y":0,"z":1}']],
  ["wxyz", ['{"w":5,"x":5,"y":5,"z":5}']],
  ["matrix4x4", ["[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"]],
  ["geopoint", ['{"type":"Point","coordinates":[151.2,-33.8,12]}', '{"type":"Point"}']],
  [
    "geojson",
    [
      '{"type":"Polygon","coordinates":[[[0,0],[4,0]]]}',
      '{"type":"Feature","geometry":null,"properties":null}',
      '{"type":"FeatureCollection","features":[]}',
      '{"type":"Widget","a":1}',
      "5",
    ],
  ],
  ["lla", ['{"lat":-90,"long":180,"alt":-430.5}']],
  ["json", ['{"a":[1,2,{"b":null}]}', "7", '"text"', "null", "NaN"]],
];

const REFUSED: [ValueType, string[]][] = [
  ["number", ["0x1F", "1,250", "12kg", " ", "1__0", "_1", "1e", "."]],
  ["boolean", ["yes", "1", " true"]],
  [
    "date",
    [
      "2031-02-29",
      "05/04/2031",
      "2031-04",
      "2031",
      "2031-095",
      "06:07:08",
      "2031-04-05T06:07:08z",
      " 2031-04-05",
      "2031-04-05T",
    ],
  ],
  ["xyz", ['{"x":1,"y":2}', '{"x":"1","y":2,"z":3}', '{"X":1,"Y":2,"Z":3}', "[1,2,3]", "null"]],
  ["wxyz", ["[1,0,0,0]"]],
  [
    "matrix4x4",
    ["[1,0,0,0]", "[[1,0,0],[0,1,0],[0,0,1]]", "[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0]]"],
  ],
  [
    "geopoint",
    [
      '{"type":"point","coordinates":[1,2]}',
      '{"type":"Point","coordinates":["1","2"]}',
      '{"type":"Point","coordinates":7}',
      "[151.2,-33.8]",
    ],
  ],
  [
    "geojson",
    [
      '{"type":"Feature","geometry":{"type":"Blob"}}',
      '{"type":"FeatureCollection"}',
      '{"type":"LineString","coordinates":[[0,0],[1,"q"]]}',
      '{"a":{"type":"Point","coordinates":[null]}}',
      "NaN",
    ],
  ],
  ["lla", ['{"lat":90.0001,"long":0,"alt":0}', '{"lat":0,"lon":0,"alt":0}', '{"lat":0,"long":0}']],
  ["json", ["{'a':1}", '{"a":1,}', "text", "01", '{"a":1} x']],
];

test.each(ACCEPTED)("%s takes what the server takes", (type, values) => {
  for (const value of values) expect([value, valueProblem(type, value)]).toEqual([value, ""]);
});

test.each(REFUSED)("%s refuses what the server refuses", (type, values) => {
  for (const value of values)
    expect([value, valueProblem(type, value) !== ""]).toEqual([value, true]);
});

test("an empty value is always taken", () => {
  for (const type of ["number", "date", "lla", "json"] as const)
    expect(valueProblem(type, "")).toBe("");
});

test("a choice has to be one of its list, where there is a list", () => {
  expect(valueProblem("inline_controlled_list", "b", ["a", "b"])).toBe("");
  expect(valueProblem("inline_controlled_list", "B", ["a", "b"])).toContain("a, b");
  expect(valueProblem("inline_controlled_list", "B", [])).toBe("");
});

test("what is wrong with a JSON text is said by line and column", () => {
  const parsed = parseJson('{\n  "a": 1,\n}');
  expect("problem" in parsed && parsed.problem).toMatch(/line 3, column 1/);
});
