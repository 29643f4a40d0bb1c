import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import type { MetadataSchema } from "../../api/types";
import { renderApp, serve } from "../../test/app";
import type { Collected } from "./collect";
import { UploadDialog } from "./UploadDialog";

const start = vi.hoisted(() => vi.fn());
vi.mock("./uploads", () => ({ uploads: { start } }));

const OF = { databaseId: "plant", assetId: "pump" };

const files = (...names: string[]): Collected => ({
  candidates: names.map((name) => ({ path: name, file: new File(["abc"], name) })),
  roots: [],
});

const schema = (only: string | null, name: string, required: boolean): MetadataSchema => ({
  metadataSchemaId: name,
  databaseId: "plant",
  metadataSchemaEntityType: "fileMetadata",
  schemaName: name,
  fileKeyTypeRestriction: only,
  enabled: true,
  fields: {
    fields: [
      {
        metadataFieldKeyName: name,
        metadataFieldValueType: "string",
        required,
        sequence: 1,
        dependsOnFieldKeyName: null,
        controlledListKeys: null,
        defaultMetadataFieldValue: null,
      },
    ],
  },
});

let schemas: MetadataSchema[] = [];

beforeEach(() => {
  start.mockReset();
  schemas = [];
  serve(({ path }) => {
    if (path.startsWith("metadataschema"))
      return { message: { Items: path.includes("databaseId=plant") ? schemas : [] } };
    if (path.includes("listFiles")) return { items: [], NextToken: null };
    return {
      Items: [{ databaseId: "plant", restrictFileUploadsToExtensions: ".glb, .txt" }],
    };
  });
});

const open = (collected: Collected) =>
  renderApp(
    <UploadDialog
      of={OF}
      assetName="Pump"
      asset={null}
      folder="/"
      files={collected}
      onClose={() => undefined}
    />,
  );

test("rules of the database and files that were chosen twice are explained before", async () => {
  const twice = files("a.txt", "b.step");
  twice.candidates.push(...files("a.txt").candidates);
  open(twice);
  await screen.findByText("The database plant takes .glb, .txt only.");
  await screen.findByText("1 file to send, 3 B");
  expect(screen.getByText("1 left out")).toBeTruthy();
  expect(screen.getByText("1 not taken")).toBeTruthy();
});

test("fields of the schemas for these files are offered, and required of who fills one in", async () => {
  schemas = [schema(".txt", "Author", true), schema(".glb", "Polygons", false)];
  schemas.push(schema(null, "Source", false));
  open(files("a.txt"));
  const send = await screen.findByRole("button", { name: "Upload 1 file" });
  await userEvent.click(screen.getByText("Tags and metadata"));
  await userEvent.click(await screen.findByRole("button", { name: "Edit Source" }));
  await userEvent.type(await screen.findByRole("textbox", { name: "Source" }), "scan");
  expect(screen.queryByRole("button", { name: "Edit Polygons" })).toBeNull();
  expect(send.hasAttribute("disabled")).toBe(true);
  await userEvent.click(screen.getByRole("button", { name: "Edit Author" }));
  await userEvent.type(screen.getByRole("textbox", { name: "Author" }), "Ann");
  await userEvent.click(send);
  await vi.waitFor(() => expect(start).toHaveBeenCalled());
  expect(start.mock.calls[0]?.[0].metadata).toEqual([
    { metadataKey: "Author", metadataValue: "Ann", metadataValueType: "string" },
    { metadataKey: "Source", metadataValue: "scan", metadataValueType: "string" },
  ]);
});

test("files may also be described later", async () => {
  schemas = [schema(null, "Author", true)];
  open(files("a.txt"));
  await userEvent.click(await screen.findByRole("button", { name: "Upload 1 file" }));
  await vi.waitFor(() => expect(start).toHaveBeenCalled());
  expect(start.mock.calls[0]?.[0].metadata).toEqual([]);
});
