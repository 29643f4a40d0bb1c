import { expect, test } from "vitest";
import type { TagType } from "../../api/types";
import { extensionsProblem, idProblem, normalizeExtensions } from "../databases/rules";
import { aliasProblem, linkOf } from "../links/relations";
import { assetIdProblem, descriptionProblem, suggestedName } from "./rules";
import { groupTags, missingTypes } from "./tags";

test("identifiers as the server takes them", () => {
  for (const good of ["gantry-12", "a b", "Ünal's part, 2"]) expect(assetIdProblem(good)).toBe("");
  for (const bad of ["a", "a/b", "ends.", "ends ", "a+b", "Global"])
    expect([bad, assetIdProblem(bad) !== ""]).toEqual([bad, true]);
  for (const bad of ["abc", "a b c d", "GLOBAL", "x".repeat(64)])
    expect([bad, idProblem(bad) !== ""]).toEqual([bad, true]);
  expect(idProblem("quay_3")).toBe("");
});

test("descriptions are counted in characters, not in halves of them", () => {
  expect(descriptionProblem("🏗️🏗️")).toBe("");
  expect(descriptionProblem("abc")).not.toBe("");
});

test("extensions as people write them", () => {
  expect(normalizeExtensions("glb; .E57  csv")).toBe(".glb, .E57, .csv");
  expect(extensionsProblem(".glb, .e-7")).toMatch(/e-7/);
});

test("an asset is called like its folder or its file", () => {
  expect(suggestedName(["crane/a.glb", "crane/b/c.glb"])).toBe("crane");
  expect(suggestedName(["gantry.v2.glb"])).toBe("gantry.v2");
  expect(suggestedName([])).toBe("");
});

test("required types that have tags need one of them", () => {
  const type = (tagTypeName: string, required: string, tags: string[]): TagType => ({
    tagTypeName,
    description: "",
    required,
    tags,
  });
  const types = [
    type("Zone", "True", ["A", "B"]),
    type("Empty", "True", []),
    type("Use", "False", ["C"]),
  ];

  expect(missingTypes(["C"], types)).toEqual(["Zone"]);
  expect(missingTypes(["B"], types)).toEqual([]);
  expect(
    groupTags([{ tagName: "A", description: "", tagTypeName: "Zone [R]" }]).map(
      ({ type: name, required }) => [name, required],
    ),
  ).toEqual([["Zone", true]]);
});

test("a link's ends depend on what it says", () => {
  const of = { databaseId: "a", assetId: "1" };
  const other = { databaseId: "b", assetId: "2", name: "Two" };

  expect(linkOf(of, "parents", other, "left")).toMatchObject({
    from: { databaseId: "b", assetId: "2" },
    to: of,
    relationshipType: "parentChild",
    alias: "left",
  });
  expect(linkOf(of, "related", other, "left")).toMatchObject({
    relationshipType: "related",
    alias: "",
  });
  expect(aliasProblem("a b")).not.toBe("");
});
