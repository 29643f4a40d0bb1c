import { expect, test } from "vitest";
import type { AssetLinks, LinkedAsset } from "../../api/types";
import { edgeText, graphOf, keyOf } from "./graph";

const root = { databaseId: "harbour", assetId: "crane", name: "Crane" };

function linked(assetId: string, link: string, databaseId = "harbour", alias = ""): LinkedAsset {
  return {
    assetId,
    assetName: assetId.toUpperCase(),
    databaseId,
    assetLinkId: link,
    assetLinkAliasId: alias,
  };
}

function links(some: Partial<AssetLinks>): AssetLinks {
  return {
    related: [],
    parents: [],
    children: [],
    unauthorizedCounts: { related: 0, parents: 0, children: 0 },
    ...some,
  };
}

const LINKS = new Map([
  [
    "harbour#crane",
    links({
      children: [linked("trolley", "l1"), linked("wheel", "l2", "harbour", "portal")],
      related: [linked("scan", "l3", "survey")],
    }),
  ],
  [
    "harbour#trolley",
    links({
      parents: [linked("crane", "l1")],
      children: [linked("wheel", "l4"), linked("hook", "l5")],
      unauthorizedCounts: { related: 1, parents: 0, children: 1 },
    }),
  ],
  ["survey#scan", links({ related: [linked("crane", "l3")] })],
]);

test("an asset and what it is linked to, across databases", () => {
  const graph = graphOf(root, LINKS, new Set(["harbour#crane"]));

  expect(graph.nodes.map(({ key }) => key)).toEqual([
    "harbour#crane",
    "harbour#trolley",
    "harbour#wheel",
    "survey#scan",
  ]);
  expect(graph.edges).toHaveLength(3);
  expect(graph.edges[0]).toMatchObject({ from: "harbour#crane", to: "harbour#trolley" });
  expect(graph.nodes[0]?.open).toBe(true);
});

test("a link that both its ends know is one edge", () => {
  const graph = graphOf(root, LINKS, new Set(["harbour#crane", "harbour#trolley", "survey#scan"]));

  expect(graph.edges.map(({ key }) => key).sort()).toEqual(["l1", "l2", "l3", "l4", "l5"]);
  expect(graph.nodes.find(({ key }) => key === "harbour#trolley")?.hidden).toBe(2);
  const related = graph.edges.find(({ key }) => key === "l3")!;
  expect(edgeText(related, graph)).toBe("Crane and SCAN are related");
  expect(
    edgeText(
      graph.edges.find(({ key }) => key === "l2")!,
      graph,
    ),
  ).toBe("WHEEL is part of Crane (portal)");
});

test("what is reached only through a closed asset is not shown", () => {
  const open = new Set(["harbour#crane", "harbour#trolley"]);
  expect(graphOf(root, LINKS, open).nodes.map(({ key }) => key)).toContain("harbour#hook");

  const closed = graphOf(root, LINKS, new Set(["harbour#trolley"]));

  expect(closed.nodes).toHaveLength(1);
  expect(closed.nodes[0]?.open).toBe(false);
  expect(keyOf(root)).toBe("harbour#crane");
});
