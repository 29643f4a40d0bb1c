import { expect, test } from "vitest";
import { compareFiles, compareMetadata, countStates, type Side } from "./compare";

const side = (
  files: Partial<Side["files"][0]>[],
  metadata: Partial<Side["metadata"][0]>[],
): Side => ({
  files: files.map((file) => ({ path: "/a", versionId: "v", size: 1, etag: "e", ...file })),
  metadata: metadata.map((item) => ({
    type: "metadata",
    filePath: "/",
    key: "k",
    value: "1",
    valueType: "string",
    ...item,
  })),
});

test("files are added, removed, changed or the same", () => {
  const before = side(
    [
      { path: "/gone" },
      { path: "/kept" },
      { path: "/new bytes", versionId: "1", etag: "1" },
      { path: "/again", versionId: "1" },
    ],
    [],
  );
  const after = side(
    [
      { path: "/kept" },
      { path: "/new bytes", versionId: "2", etag: "2" },
      { path: "/again", versionId: "2" },
      { path: "/more" },
    ],
    [],
  );

  expect(compareFiles(before, after).map(({ path, state }) => [path, state])).toEqual([
    ["/again", "same"],
    ["/gone", "removed"],
    ["/kept", "same"],
    ["/more", "added"],
    ["/new bytes", "changed"],
  ]);
});

test("metadata differs by value and by type, for each file apart", () => {
  const before = side([], [{}, { key: "t" }, { filePath: "/a", key: "k" }]);
  const after = side(
    [],
    [{ value: "2" }, { key: "t", valueType: "number" }, { type: "attribute" }],
  );

  const all = compareMetadata(before, after, false);

  expect(countStates(all)).toEqual({ added: 1, removed: 1, changed: 2, same: 0 });
  expect(compareMetadata(before, after, true)).toHaveLength(3);
  expect(all.find((item) => item.filePath === "/a")?.state).toBe("removed");
});
