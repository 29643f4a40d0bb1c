import { expect, test } from "vitest";
import {
  allowedExtensions,
  batchLength,
  isSent,
  partCount,
  partSizeOf,
  planFiles,
  type Candidate,
  type Rules,
} from "./plan";

const file = (path: string, size = 3): Candidate => {
  const made = new File(["abc"], path.slice(path.lastIndexOf("/") + 1));
  Object.defineProperty(made, "size", { value: size });
  return { path, file: made };
};

const RULES: Rules = { folder: "/", existing: new Map(), extensions: "", conflict: "version" };

const fates = (paths: (string | Candidate)[], rules: Partial<Rules> = {}) =>
  planFiles(
    paths.map((path) => (typeof path === "string" ? file(path) : path)),
    { ...RULES, ...rules },
  ).map((planned) => [planned.path, planned.fate]);

test("files go below the folder", () => {
  expect(fates(["a.glb", "b/c.glb"], { folder: "/scans/" })).toEqual([
    ["/scans/a.glb", "new"],
    ["/scans/b/c.glb", "new"],
  ]);
});

test("what the server does not take is refused before it is sent", () => {
  expect(fates(["run.EXE", "readme", "a.step", "b.GLB"], { extensions: ".glb, .e57" })).toEqual([
    ["/run.EXE", "refused"],
    ["/readme", "refused"],
    ["/a.step", "refused"],
    ["/b.GLB", "new"],
  ]);
});

test("files of operating systems are left out", () => {
  expect(fates(["x/.DS_Store", "Thumbs.db", "__MACOSX/a.glb"]).map(([, fate]) => fate)).toEqual([
    "skipped",
    "skipped",
    "skipped",
  ]);
});

test("previews need their file, a fitting extension and size, and no rule of the database", () => {
  const existing = new Map([["/there.glb", { archived: false }]]);
  expect(
    fates(
      [
        "there.glb.previewFile.png",
        "none.glb.previewFile.png",
        "there.glb.previewFile.tif",
        file("there.glb.previewFile.jpg", 6_000_000),
      ],
      { existing, extensions: ".glb" },
    ).map(([, fate]) => fate),
  ).toEqual(["new", "refused", "refused", "refused"]);
});

test.each([
  ["version", "/a.glb", "version"],
  ["skip", "/a.glb", "skipped"],
  ["rename", "/a (3).glb", "new"],
] as const)("a file that is there: %s", (conflict, path, fate) => {
  const existing = new Map([
    ["/a.glb", { archived: false }],
    ["/a (2).glb", { archived: false }],
  ]);
  expect(fates(["a.glb"], { existing, conflict })).toEqual([[path, fate]]);
});

test("of files that were chosen twice the last one counts, and the other is explained", () => {
  const last = file("a.glb", 9);
  const plan = planFiles([file("a.glb"), last], RULES);
  expect(plan.filter(isSent).map((planned) => planned.candidate)).toEqual([last]);
  const [left] = plan.filter((planned) => !isSent(planned));
  expect(left?.reason).toMatch(/Chosen twice/);
});

test("extensions of a database as they may be written", () => {
  expect(allowedExtensions(".GLB, .e57 ")).toEqual([".glb", ".e57"]);
  expect(allowedExtensions(".glb,.all")).toEqual([]);
  expect(allowedExtensions("")).toEqual([]);
});

test("parts are neither too small nor too many", () => {
  const MIB = 1_048_576;
  expect(partSizeOf(1)).toBe(16 * MIB);
  expect(partCount(0)).toBe(0);
  expect(partCount(16 * MIB + 1)).toBe(2);
  const huge = 5_000_000 * MIB;
  expect(partCount(huge)).toBeLessThanOrEqual(1_000);
  expect(partSizeOf(huge) % MIB).toBe(0);
});

test("batches end at fifty files or a gigabyte, and hold one file at least", () => {
  expect(batchLength(Array.from({ length: 60 }, () => 1))).toBe(50);
  expect(batchLength([600_000_000, 600_000_000])).toBe(1);
  expect(batchLength([9_000_000_000, 1])).toBe(1);
  expect(batchLength([1, 2])).toBe(2);
});
