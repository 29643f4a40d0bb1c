// Clouds of points: what their colours say, how large and how many they are is chosen beside the view.
import type { ViewerProps } from "../registry";
import { ModelViewer, type ExtraPanel, type ToolName } from "../shared/stage/ModelViewer";
import { CloudPanel } from "./CloudPanel";
import { loadCloud } from "./load";

const MEANINGLESS: readonly ToolName[] = ["wireframe", "materials", "parts"];

const PANELS: readonly ExtraPanel[] = [
  {
    id: "points",
    name: "Points",
    icon: (
      <svg viewBox="0 0 16 16" focusable="false" aria-hidden="true">
        <circle cx="4" cy="11" r="1.5" />
        <circle cx="8" cy="5" r="1.5" />
        <circle cx="12.5" cy="10" r="1.5" />
      </svg>
    ),
    content: (context) => <CloudPanel {...context} />,
  },
];

export default function PointsViewer(props: ViewerProps) {
  return <ModelViewer {...props} load={loadCloud} without={MEANINGLESS} panels={PANELS} />;
}
