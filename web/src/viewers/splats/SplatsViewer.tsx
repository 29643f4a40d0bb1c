// Gaussian splats.
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import type { ViewerProps } from "../registry";
import type { Model } from "../shared/stage/model";
import { ModelViewer, type ExtraPanel, type ToolName } from "../shared/stage/ModelViewer";
import { isSplats, loadSplats } from "./load";

const MEANINGLESS: readonly ToolName[] = ["parts", "materials", "wireframe", "measure", "section"];

export function SplatsPanel({ stage, models }: { stage: { fit: () => void }; models: Model[] }) {
  const splats = models.filter(isSplats);
  const [, setChanges] = useState(0);
  return (
    <Toggle
      checked={splats.some((one) => one.upsideDown)}
      description="Most programs write splats with y downwards."
      onChange={({ detail }) => {
        for (const one of splats) one.setUpsideDown(detail.checked);
        setChanges((count) => count + 1);
        stage.fit();
      }}
    >
      Y is down in the file
    </Toggle>
  );
}

const PANELS: readonly ExtraPanel[] = [
  {
    id: "splats",
    name: "Splats",
    icon: (
      <svg viewBox="0 0 16 16" focusable="false" aria-hidden="true">
        <ellipse cx="6" cy="9" rx="4" ry="2.5" />
        <ellipse cx="10.5" cy="6" rx="2.5" ry="3.5" />
      </svg>
    ),
    content: ({ stage, models }) => <SplatsPanel stage={stage} models={models} />,
  },
];

export default function SplatsViewer(props: ViewerProps) {
  return <ModelViewer {...props} load={loadSplats} without={MEANINGLESS} panels={PANELS} />;
}
