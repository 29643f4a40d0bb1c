// The ways in which assets are linked, and what a link is on the wire.
import type { LinkForm } from "../../api/changes";
import type { AssetRef } from "../../api/vams";

/** As seen from the asset: what it is part of, what is part of it, and what belongs to it. */
export type Relation = "parents" | "children" | "related";

export function linkOf(of: AssetRef, relation: Relation, other: AssetRef, alias: string): LinkForm {
  const ref = { databaseId: other.databaseId, assetId: other.assetId };
  if (relation === "related") return { from: of, to: ref, relationshipType: "related", alias: "" };
  return relation === "parents"
    ? { from: ref, to: of, relationshipType: "parentChild", alias }
    : { from: of, to: ref, relationshipType: "parentChild", alias };
}

export function aliasProblem(alias: string): string {
  if (alias.length > 128) return "At most 128 characters.";
  return /^[-_a-zA-Z0-9]*$/.test(alias) ? "" : "Letters, digits, - and _ only.";
}
