// Models of the formats that programs exchange.
import type { ViewerProps } from "../registry";
import { ModelViewer } from "../shared/stage/ModelViewer";
import { loadExchange } from "./load";

export default function ExchangeViewer(props: ViewerProps) {
  return <ModelViewer {...props} load={loadExchange} />;
}
