// Linked assets as a graph that grows where people open it. What is shown is what can be reached from
// the asset it began with, through those that are open.
import type { AssetLinks, LinkedAsset } from "../../api/types";
import type { AssetRef } from "../../api/vams";

export interface GraphNode extends AssetRef {
  key: string;
  name: string;
  /** Its links are shown. */
  open: boolean;
  /** Links of it that lead to assets the user may not see, or that are archived. */
  hidden: number;
}

export interface GraphEdge {
  /** The link's own identifier. */
  key: string;
  from: string;
  to: string;
  kind: "parentChild" | "related";
  alias: string;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export function keyOf(ref: AssetRef): string {
  return `${ref.databaseId}#${ref.assetId}`;
}

interface Neighbour {
  edge: GraphEdge;
  asset: LinkedAsset;
}

function neighboursOf(key: string, links: AssetLinks): Neighbour[] {
  const edge = (asset: LinkedAsset, from: string, to: string, kind: GraphEdge["kind"]) => ({
    edge: { key: asset.assetLinkId, from, to, kind, alias: asset.assetLinkAliasId ?? "" },
    asset,
  });
  return [
    ...links.parents.map((asset) => edge(asset, keyOf(asset), key, "parentChild")),
    ...links.children.map((asset) => edge(asset, key, keyOf(asset), "parentChild")),
    // A link that both ends know has one direction only, whichever end was asked.
    ...links.related.map((asset) => {
      const [from = "", to = ""] = [key, keyOf(asset)].sort();
      return edge(asset, from, to, "related");
    }),
  ];
}

function hiddenOf(links: AssetLinks | undefined): number {
  const counts = links?.unauthorizedCounts;
  return counts === undefined ? 0 : counts.related + counts.parents + counts.children;
}

/** `links`: of the assets that were asked about, by key. `open`: whose links are shown. */
export function graphOf(
  root: AssetRef & { name: string },
  links: ReadonlyMap<string, AssetLinks>,
  open: ReadonlySet<string>,
): Graph {
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  const add = (ref: AssetRef, name: string) => {
    const key = keyOf(ref);
    if (nodes.has(key)) return;
    const known = links.get(key);
    nodes.set(key, {
      key,
      databaseId: ref.databaseId,
      assetId: ref.assetId,
      name,
      open: open.has(key) && known !== undefined,
      hidden: hiddenOf(known),
    });
    waiting.push(key);
  };
  const waiting: string[] = [];
  add(root, root.name);
  for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
    const known = links.get(key);
    if (!open.has(key) || known === undefined) continue;
    for (const { edge, asset } of neighboursOf(key, known)) {
      edges.set(edge.key, edge);
      add(asset, asset.assetName);
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** An edge as a sentence. */
export function edgeText(edge: GraphEdge, graph: Graph): string {
  const name = (key: string) => graph.nodes.find((node) => node.key === key)?.name ?? key;
  const alias = edge.alias === "" ? "" : ` (${edge.alias})`;
  return edge.kind === "related"
    ? `${name(edge.from)} and ${name(edge.to)} are related`
    : `${name(edge.to)} is part of ${name(edge.from)}${alias}`;
}
