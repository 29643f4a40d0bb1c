// The relationships of an asset as a graph: parts to the right of what they are part of, opened where
// one wants to go on, and the same as text below.
import Alert from "@cloudscape-design/components/alert";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueries } from "@tanstack/react-query";
import {
  Controls,
  MarkerType,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  type Edge,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useEffect, useMemo, useState } from "react";
import { listLinks } from "../../api/changes";
import { messageOf } from "../../api/errors";
import type { AssetLinks } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import { plural } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { AssetNode, type AssetNodeType } from "./AssetNode";
import { edgeText, graphOf, keyOf, type Graph } from "./graph";
import { layOut, NODE, type Places } from "./layout";
import "./graph.css";

/** More would be a picture of nothing. */
const MOST_OPEN = 60;
const NODE_TYPES = { asset: AssetNode };

function refOf(key: string): AssetRef {
  const at = key.lastIndexOf("#");
  return { databaseId: key.slice(0, at), assetId: key.slice(at + 1) };
}

/** The links of all that is open, as far as they have come. */
function useLinks(open: ReadonlySet<string>) {
  const keys = [...open];
  const found = useQueries({
    queries: keys.map((key) => {
      const of = refOf(key);
      return {
        queryKey: ["links", of.databaseId, of.assetId],
        queryFn: ({ signal }: { signal: AbortSignal }) => listLinks(of, signal),
      };
    }),
  });
  const links = new Map<string, AssetLinks>();
  keys.forEach((key, index) => {
    const data = found[index]?.data;
    if (data !== undefined) links.set(key, data);
  });
  const failed = found.find(({ error }) => error !== null);
  return {
    links,
    error: failed?.error ?? null,
    retry: () => void failed?.refetch(),
    busy: found.some(({ isPending }) => isPending),
  };
}

/** The same object as long as it says the same, so that it is laid out once. */
function useStable(graph: Graph): Graph {
  const text = JSON.stringify(graph);
  return useMemo(() => JSON.parse(text) as Graph, [text]);
}

interface Drawn {
  graph: Graph;
  places: Places;
}

function useDrawn(graph: Graph): { drawn: Drawn | null; failure: string } {
  const [drawn, setDrawn] = useState<Drawn | null>(null);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    let wanted = true;
    layOut(graph).then(
      (places) => {
        if (!wanted) return;
        setDrawn({ graph, places });
        setFailure("");
      },
      (error: unknown) => wanted && setFailure(messageOf(error)),
    );
    return () => {
      wanted = false;
    };
  }, [graph]);
  return { drawn, failure };
}

function edgesOf(graph: Graph): Edge[] {
  return graph.edges.map((edge) => ({
    id: edge.key,
    source: edge.from,
    target: edge.to,
    className: `vams-edge vams-edge-${edge.kind}`,
    ...(edge.alias === "" ? {} : { label: edge.alias }),
    ...(edge.kind === "related" ? {} : { markerEnd: { type: MarkerType.ArrowClosed } }),
    focusable: false,
    selectable: false,
  }));
}

function Picture(props: { drawn: Drawn; from: AssetRef; onToggle: (key: string) => void }) {
  const { from, onToggle } = props;
  const { graph, places } = props.drawn;
  const flow = useReactFlow();
  const root = keyOf(from);
  const nodes = useMemo<AssetNodeType[]>(
    () =>
      graph.nodes.flatMap((node) => {
        const position = places.at.get(node.key);
        if (position === undefined) return [];
        return [
          {
            id: node.key,
            type: "asset" as const,
            position,
            data: {
              node,
              root: node.key === root,
              foreign: node.databaseId !== from.databaseId,
              onToggle,
            },
            ...NODE,
          },
        ];
      }),
    [graph, places, root, from.databaseId, onToggle],
  );
  const edges = useMemo(() => edgesOf(graph), [graph]);
  useEffect(() => {
    void flow.fitView({ padding: 0.12, maxZoom: 1 });
  }, [flow, places]);
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      nodesDraggable={false}
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      elementsSelectable={false}
      minZoom={0.2}
      maxZoom={2}
      fitView
      fitViewOptions={{ padding: 0.12, maxZoom: 1 }}
      preventScrolling={false}
      zoomOnScroll={false}
    >
      <Controls showInteractive={false} />
    </ReactFlow>
  );
}

export function LinkGraph(props: { of: AssetRef; name: string }) {
  const { of, name } = props;
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set([keyOf(of)]));
  const { links, error, retry, busy } = useLinks(open);
  const graph = useStable(graphOf({ ...of, name }, links, open));
  const { drawn, failure } = useDrawn(graph);
  const [full, setFull] = useState(false);
  const toggle = useMemo(
    () => (key: string) =>
      setOpen((now) => {
        const next = new Set(now);
        if (next.delete(key)) return next;
        setFull(now.size >= MOST_OPEN);
        return now.size >= MOST_OPEN ? now : next.add(key);
      }),
    [],
  );
  return (
    <SpaceBetween size="s">
      {error !== null && <Problem error={error} onRetry={retry} />}
      {failure !== "" && (
        <Alert type="error" header="The graph cannot be drawn">
          {`${failure} The text below says the same.`}
        </Alert>
      )}
      {full && (
        <Alert type="info">
          {`The links of ${MOST_OPEN} assets are shown, which is the most. Close some, or open an asset to go on from there.`}
        </Alert>
      )}
      <div
        className="vams-graph"
        role="group"
        aria-label={`Graph of ${plural(graph.nodes.length, "asset")} and ${plural(graph.edges.length, "link")}`}
        aria-busy={busy}
      >
        {drawn === null ? (
          failure === "" && <div className="vams-loading" role="status" aria-label="Loading" />
        ) : (
          <ReactFlowProvider>
            <Picture drawn={drawn} from={of} onToggle={toggle} />
          </ReactFlowProvider>
        )}
      </div>
      <ExpandableSection headerText="The graph as text">
        {graph.edges.length === 0 ? (
          <p>{busy ? "Loading…" : `${name} is linked to no asset that is open to you.`}</p>
        ) : (
          <ul className="vams-graph-text" aria-label="Links of the graph">
            {graph.edges.map((edge) => (
              <li key={edge.key}>{edgeText(edge, graph)}</li>
            ))}
          </ul>
        )}
      </ExpandableSection>
    </SpaceBetween>
  );
}
