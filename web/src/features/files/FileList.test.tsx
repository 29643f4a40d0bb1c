import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import type { AssetFile } from "../../api/types";
import { renderApp } from "../../test/app";
import { FileList } from "./FileList";
import { pathOf, type Entry } from "./tree";

const entry = (name: string): Entry => ({
  kind: "file",
  file: {
    fileName: name,
    key: name,
    relativePath: `/${name}`,
    isFolder: false,
    size: 1,
    dateCreatedCurrentVersion: "2026-03-05T10:00:00+00:00",
    versionId: "v",
    isArchived: false,
    currentAssetVersionFileVersionMismatch: false,
    isPermanentlyDeleted: false,
    primaryType: null,
    previewFile: "",
  } satisfies AssetFile,
});

// Nothing has a size in this test's browser; the list shows what fits into its first guess.
vi.mock("@tanstack/react-virtual", () => ({
  useVirtualizer: ({ count }: { count: number }) => ({
    getTotalSize: () => count * 48,
    getVirtualItems: () =>
      Array.from({ length: Math.min(count, 20) }, (_, index) => ({ index, start: index * 48 })),
    scrollToIndex: () => undefined,
  }),
}));

function List(props: {
  names: string[];
  onOpen: (path: string) => void;
  onKey: (key: string) => void;
}) {
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  return (
    <>
      <output>{[...chosen].sort().join(" ")}</output>
      <FileList
        of={{ databaseId: "plant", assetId: "pump" }}
        entries={props.names.map(entry)}
        chosen={chosen}
        onChoose={setChosen}
        onOpen={(one) => props.onOpen(pathOf(one))}
        onKey={props.onKey}
        linkOf={() => "/"}
        sort={{ field: "name", down: false }}
        onSort={() => undefined}
        withPath={false}
        drops={null}
        onDownload={null}
      />
    </>
  );
}

test("files are chosen with the keyboard, one, several and all", async () => {
  const person = userEvent.setup();
  const opened = vi.fn();
  const keys = vi.fn();
  renderApp(<List names={["a.glb", "b.glb", "c.glb"]} onOpen={opened} onKey={keys} />);
  const chosen = () => screen.getByRole("status").textContent;

  screen.getByRole("grid").focus();
  await person.keyboard("{ArrowDown} ");
  expect(chosen()).toBe("/b.glb");
  await person.keyboard("{Shift>}{ArrowDown}{/Shift}");
  expect(chosen()).toBe("/b.glb /c.glb");
  await person.keyboard("{F2}");
  expect(keys).toHaveBeenCalledWith("F2");
  await person.keyboard("{Control>}a{/Control}");
  expect(chosen()).toBe("/a.glb /b.glb /c.glb");
  await person.keyboard("{Escape}{Home}{Enter}");
  expect(chosen()).toBe("");
  expect(opened).toHaveBeenCalledWith("/a.glb");
});

test("files are chosen with the mouse as in a file manager", async () => {
  const person = userEvent.setup();
  renderApp(
    <List names={["a.glb", "b.glb", "c.glb"]} onOpen={() => undefined} onKey={() => undefined} />,
  );
  const row = (name: RegExp) => screen.getByRole("row", { name });
  const chosen = () => screen.getByRole("status").textContent;

  await person.click(row(/a\.glb/));
  expect(chosen()).toBe("/a.glb");
  await person.keyboard("{Control>}");
  await person.click(row(/c\.glb/));
  await person.keyboard("{/Control}");
  expect(chosen()).toBe("/a.glb /c.glb");
  await person.click(row(/a\.glb/));
  await person.keyboard("{Shift>}");
  await person.click(row(/b\.glb/));
  await person.keyboard("{/Shift}");
  expect(chosen()).toBe("/a.glb /b.glb");
});
