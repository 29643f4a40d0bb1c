// CAD files, computed in the browser.
import type { ViewerProps } from "../registry";
import { ModelViewer } from "../shared/stage/ModelViewer";
import { loadCad } from "./load";

export default function CadViewer(props: ViewerProps) {
  return <ModelViewer {...props} load={loadCad} />;
}
