// Where the assets of a graph stand: computed beside the page, so that it goes on answering.
import ElkApi, { type ELK, type ElkNode } from "elkjs/lib/elk-api";
import worker from "elkjs/lib/elk-worker.min.js?url";
import type { Graph } from "./graph";

export const NODE = { width: 220, height: 64 };

export interface Places {
  /** Left and top, by node. */
  at: Map<string, { x: number; y: number }>;
}

let engine: ELK | null = null;

function elk(): ELK {
  engine ??= new ElkApi({ workerFactory: () => new Worker(worker) });
  return engine;
}

const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.layered.spacing.nodeNodeBetweenLayers": "90",
  "elk.spacing.nodeNode": "28",
  "elk.spacing.componentComponent": "40",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
};

export async function layOut(graph: Graph): Promise<Places> {
  const input: ElkNode = {
    id: "graph",
    layoutOptions: OPTIONS,
    children: graph.nodes.map(({ key }) => ({ id: key, ...NODE })),
    edges: graph.edges.map(({ key, from, to }) => ({ id: key, sources: [from], targets: [to] })),
  };
  const done = await elk().layout(input);
  return {
    at: new Map(done.children?.map(({ id, x = 0, y = 0 }) => [id, { x, y }]) ?? []),
  };
}
