// Universal Scene Description.
import type { ViewerProps } from "../registry";
import { ModelViewer } from "../shared/stage/ModelViewer";
import { loadUsd } from "./load";

export default function UsdViewer(props: ViewerProps) {
  return <ModelViewer {...props} load={loadUsd} />;
}
