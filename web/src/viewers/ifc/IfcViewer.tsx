// Buildings.
import type { ViewerProps } from "../registry";
import { ModelViewer } from "../shared/stage/ModelViewer";
import { loadIfc } from "./load";

export default function IfcViewer(props: ViewerProps) {
  return <ModelViewer {...props} load={loadIfc} />;
}
