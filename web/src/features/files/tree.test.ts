import { expect, test } from "vitest";
import type { AssetFile } from "../../api/types";
import { planTransfer, transferProblem } from "./operations";
import { buildTree, entriesOf, filesOf, openFolders, parentOf, pathOf, type Entry } from "./tree";
import { namesInZip } from "./zip";

const file = (relativePath: string, size = 1, changed: Partial<AssetFile> = {}): AssetFile => ({
  fileName: relativePath.slice(relativePath.lastIndexOf("/") + 1),
  key: relativePath,
  relativePath,
  isFolder: relativePath.endsWith("/"),
  size: relativePath.endsWith("/") ? null : size,
  dateCreatedCurrentVersion: "2026-03-05T10:00:00+00:00",
  versionId: "v",
  isArchived: false,
  currentAssetVersionFileVersionMismatch: false,
  isPermanentlyDeleted: false,
  primaryType: null,
  previewFile: "",
  ...changed,
});

const TREE = buildTree([
  file("/"),
  file("/a.glb", 5),
  file("/scan/east/2.e57", 7),
  file("/scan/east/10.e57", 8),
  file("/scan/old.e57", 1, { isArchived: true }),
  file("/empty/"),
]);

const BY_NAME = { field: "name", down: false } as const;
const names = (entries: Entry[]) => entries.map(pathOf);
const folder = (path: string): Entry => ({ kind: "folder", folder: TREE.get(path)! });

test("folders come of files below them, and of folders that were made", () => {
  expect([...TREE.keys()].sort()).toEqual(["/", "/empty/", "/scan/", "/scan/east/"]);
  expect(TREE.get("/")).toMatchObject({ count: 4, bytes: 21 });
  expect(TREE.get("/scan/")).toMatchObject({ count: 3, made: false });
  expect(TREE.get("/empty/")).toMatchObject({ count: 0, made: true });
  expect(parentOf("/scan/east/")).toBe("/scan/");
  expect(parentOf("/a.glb")).toBe("/");
});

test("a folder shows folders first, numbers in their order", () => {
  const all = () => true;
  expect(names(entriesOf(TREE, "/", "", all, BY_NAME))).toEqual(["/empty/", "/scan/", "/a.glb"]);
  expect(names(entriesOf(TREE, "/scan/east/", "", all, BY_NAME))).toEqual([
    "/scan/east/2.e57",
    "/scan/east/10.e57",
  ]);
  expect(names(entriesOf(TREE, "/scan/east/", "", all, { field: "size", down: true }))[0]).toBe(
    "/scan/east/10.e57",
  );
});

test("looking for a text finds files below the folder only", () => {
  const found = entriesOf(TREE, "/scan/", "E57", (one) => !one.isArchived, BY_NAME);
  expect(names(found)).toEqual(["/scan/east/2.e57", "/scan/east/10.e57"]);
});

test("flat, all files below a folder are shown", () => {
  const all = entriesOf(TREE, "/scan/", "", () => true, BY_NAME, true);
  expect(names(all)).toEqual(["/scan/east/2.e57", "/scan/east/10.e57", "/scan/old.e57"]);
});

test("a tree shows what is open", () => {
  const open = new Set(["/", "/scan/"]);
  expect(openFolders(TREE, open).map(({ folder: one, level }) => [one.path, level])).toEqual([
    ["/", 1],
    ["/empty/", 2],
    ["/scan/", 2],
    ["/scan/east/", 3],
  ]);
});

test("moving a folder moves its living files, and makes what would be missing", () => {
  expect(filesOf(TREE, [folder("/scan/")])).toHaveLength(3);
  expect(planTransfer(TREE, [folder("/scan/"), folder("/empty/")], "/to/")).toEqual({
    steps: [
      { from: "/scan/east/2.e57", to: "/to/scan/east/2.e57" },
      { from: "/scan/east/10.e57", to: "/to/scan/east/10.e57" },
    ],
    folders: ["/to/empty/"],
    left: ["/empty/"],
  });
  expect(planTransfer(TREE, [folder("/scan/east/")], "/scan/", "west").steps[0]?.to).toBe(
    "/scan/west/2.e57",
  );
});

test("a folder cannot go into itself, and nothing to where it is", () => {
  expect(transferProblem([folder("/scan/")], "/scan/east/", true)).toMatch(/into itself/);
  expect(transferProblem([folder("/scan/east/")], "/scan/", false)).toMatch(/there already/);
  expect(transferProblem([folder("/scan/east/")], "/", false)).toBe("");
});

test("an archive begins where its files part", () => {
  expect(namesInZip(["/a/b/1.txt", "/a/b/c/2.txt"])).toEqual(["1.txt", "c/2.txt"]);
  expect(namesInZip(["/a/1.txt", "/b/2.txt"])).toEqual(["a/1.txt", "b/2.txt"]);
  expect(namesInZip(["/only.txt"])).toEqual(["only.txt"]);
});
