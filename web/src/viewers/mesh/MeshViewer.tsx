// Models of triangles.
import type { ViewerProps } from "../registry";
import { ModelViewer } from "../shared/stage/ModelViewer";
import { loadModel } from "./load";

export default function MeshViewer(props: ViewerProps) {
  return <ModelViewer {...props} load={loadModel} />;
}
