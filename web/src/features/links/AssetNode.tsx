// An asset in the graph: the way to its page, and its links, shown or not.
import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { Link } from "react-router-dom";
import { plural } from "../../ui/format";
import { assetPath } from "../browse/items";
import type { GraphNode } from "./graph";

export type AssetNodeType = Node<
  {
    node: GraphNode;
    /** The asset that the graph is about. */
    root: boolean;
    /** Of another database than that one. */
    foreign: boolean;
    onToggle: (key: string) => void;
  },
  "asset"
>;

export function AssetNode({ data }: NodeProps<AssetNodeType>) {
  const { node, root, foreign, onToggle } = data;
  const more = node.hidden === 0 ? "" : `${plural(node.hidden, "link")} not open to you`;
  return (
    <div className="vams-node" data-root={root} data-foreign={foreign}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <div className="vams-node-text">
        {root ? (
          <strong title={node.name}>{node.name}</strong>
        ) : (
          <Link to={assetPath(node.databaseId, node.assetId)} title={node.name}>
            {node.name}
          </Link>
        )}
        <span title={more}>{more === "" ? node.databaseId : more}</span>
      </div>
      <button
        type="button"
        className="nodrag nopan"
        aria-expanded={node.open}
        aria-label={`${node.open ? "Hide" : "Show"} the links of ${node.name}`}
        title={node.open ? "Hide its links" : "Show its links"}
        onClick={() => onToggle(node.key)}
      >
        {node.open ? "−" : "+"}
      </button>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}
