import { expect, test } from "vitest";
import type { MetadataSchema } from "../../api/types";
import { schemasOfAll } from "./describe";

const schema = (name: string, only: string | null): MetadataSchema => ({
  metadataSchemaId: name,
  databaseId: "plant",
  metadataSchemaEntityType: "fileMetadata",
  schemaName: name,
  fileKeyTypeRestriction: only,
  fields: { fields: [] },
  enabled: true,
});

const names = (extensions: string[]) =>
  schemasOfAll([schema("any", null), schema("models", ".glb, .GLTF")], extensions).map(
    (one) => one.schemaName,
  );

test("fields of schemas that hold for all files are offered", () => {
  expect(names([".glb", ".gltf"])).toEqual(["any", "models"]);
  expect(names([".glb", ".txt"])).toEqual(["any"]);
});
