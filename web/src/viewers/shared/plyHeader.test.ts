import { expect, test } from "vitest";
import { splatPly } from "../../../e2e/samples/splats.mjs";
import { plyHeader, plyKind, plyLength } from "./plyHeader";

const header = (lines: string) =>
  new TextEncoder().encode(`ply\r\nformat binary_little_endian 1.0\r\n${lines}end_header\r\n`);

const POINTS = "element vertex 2\r\nproperty float x\r\nproperty double y\r\nproperty uchar z\r\n";

test("a header is read whatever its line ends are", () => {
  const bytes = header(POINTS);
  const read = plyHeader(bytes);
  expect(read?.format).toBe("binary_little_endian");
  expect(read?.length).toBe(bytes.length);
  expect(read?.elements).toEqual([
    {
      name: "vertex",
      count: 2,
      properties: [
        { name: "x", type: "float", list: false },
        { name: "y", type: "double", list: false },
        { name: "z", type: "uchar", list: false },
      ],
    },
  ]);
  expect(read && plyLength(read)).toBe(bytes.length + 2 * 13);
});

test.each([
  ["points", POINTS],
  ["points", `${POINTS}element face 0\r\nproperty list uchar int vertex_indices\r\n`],
  ["mesh", `${POINTS}element face 1\r\nproperty list uchar int vertex_indices\r\n`],
  ["splats", "element vertex 9\r\nproperty uint packed_position\r\n"],
])("%s are recognised", (kind, lines) => expect(plyKind(header(lines))).toBe(kind));

test("splats as training writes them are recognised by the beginning of the file", () => {
  expect(plyKind(splatPly().subarray(0, 2000))).toBe("splats");
});

test.each(["", "plywood\nend_header\n", "ply\nformat ascii 1.0\nelement vertex 3\n"])(
  "“%s” is no header",
  (text) => expect(plyKind(new TextEncoder().encode(text))).toBeNull(),
);
