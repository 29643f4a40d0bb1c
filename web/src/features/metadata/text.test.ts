import { expect, test } from "vitest";
import type { ValueType } from "../../api/types";
import { valueText } from "./text";

test.each<[ValueType, string, string]>([
  ["string", "steel", "steel"],
  ["string", "", "–"],
  ["boolean", "true", "Yes"],
  ["boolean", "FALSE", "No"],
  ["date", "2024-05-14T00:00:00Z", "14 May 2024"],
  ["date", "sometime", "sometime"],
  ["xyz", '{"x":1,"y":2.5,"z":-3}', "x 1, y 2.5, z -3"],
  ["xyz", "broken", "broken"],
  ["wxyz", '{"w":1,"x":0,"y":0,"z":0}', "w 1, x 0, y 0, z 0"],
  ["lla", '{"lat":53.5,"long":9.9,"alt":6}', "lat 53.5, long 9.9, alt 6"],
  ["geopoint", '{"type":"Point","coordinates":[9.9,53.5]}', "lat 53.5, long 9.9"],
  ["matrix4x4", "[[1,0],[0,1]]", "1  0\n0  1"],
  ["json", '{"a":1}', '{\n  "a": 1\n}'],
])("%s %s is shown as %s", (metadataValueType, metadataValue, shown) => {
  expect(valueText({ metadataValue, metadataValueType })).toBe(shown);
});
