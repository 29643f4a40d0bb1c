// Things in space, in a view that is turned with mouse, fingers or keys, with tools above it and a panel
// beside. A viewer of such files is this component with its own way of reading them:
//
//   export default function CadViewer(props: ViewerProps) {
//     return <ModelViewer {...props} load={loadCad} />;
//   }
import { useId, type KeyboardEvent, type ReactNode } from "react";
import { formatBytes, nameOf } from "../../../ui/format";
import type { ViewerProps } from "../../registry";
import { Failure } from "../Failure";
import { Frame, Waiting } from "../Frame";
import { AnimationBar } from "./AnimationBar";
import { directionOf, reachOf } from "./axes";
import { DetailsPanel } from "./DetailsPanel";
import { Facts } from "./Facts";
import { KEYS_HELP, pressKey } from "./keys";
import { MaterialsPanel } from "./MaterialsPanel";
import { MeasurePanel } from "./MeasurePanel";
import type { LoadModel, Model } from "./model";
import { PartsPanel } from "./PartsPanel";
import { SectionPanel } from "./SectionPanel";
import { SidePanel } from "./SidePanel";
import type { Stage } from "./Stage";
import { Toolbar, type Tool } from "./Toolbar";
import type { Loading } from "./useModels";
import { useViewer, type Switch, type Viewer } from "./useViewer";
import { viewerTools } from "./viewerTools";
import "./stage.css";

/** A part of the side panel that only one kind of viewer has: layers of a drawing, classes of points. */
export interface ExtraPanel {
  id: string;
  /** On the tool that opens it, and above it. */
  name: string;
  /** The name of an icon of the component library, or an `<svg viewBox="0 0 16 16">` as in icons.tsx. */
  icon: Tool["icon"];
  content: (context: { stage: Stage; models: Model[] }) => ReactNode;
}

/** Tools that mean nothing to a kind of model are left out. */
export type ToolName = Switch | "parts" | "materials";

export interface ModelViewerProps extends ViewerProps {
  load: LoadModel;
  without?: readonly ToolName[];
  panels?: readonly ExtraPanel[];
}

/** In place of a view that is not there, or not yet. */
export function ViewState(props: { loading: Loading; failure: unknown; onRetry?: () => void }) {
  const { loading, failure, onRetry } = props;
  if (failure !== null)
    return (
      <div className="vams-viewer-note">
        <Failure error={failure} {...(onRetry === undefined ? {} : { onRetry })} />
      </div>
    );
  if (loading.state !== "loading") return null;
  return (
    <Waiting
      text={loading.bytes === 0 ? "Loading" : `Loading, ${formatBytes(loading.bytes)} so far`}
    />
  );
}

/** Name and content of the panel that is open. */
function panelOf(viewer: Viewer, extra: readonly ExtraPanel[]): [string, ReactNode] | null {
  const { models, stage, open, unit } = viewer;
  if (models === null || stage === null) return null;
  const own = extra.find((panel) => panel.id === open);
  if (own !== undefined) return [own.name, own.content({ stage, models })];
  if (open === "parts") return ["Parts", <PartsPanel state={viewer.parts} />];
  if (open === "materials") return ["Materials", <MaterialsPanel state={viewer.materials} />];
  if (open === "measure")
    return ["Measure", <MeasurePanel state={viewer.ruler} unit={unit} onUnit={viewer.setUnit} />];
  if (open === "section") {
    const reach = reachOf(stage.bounds(), directionOf(viewer.section.axis, stage.models));
    return [
      "Section",
      <SectionPanel
        section={viewer.section}
        unit={unit}
        reach={reach}
        onChange={viewer.setSection}
      />,
    ];
  }
  if (open === "details")
    return ["Details and display", <DetailsPanel models={models} viewer={viewer} />];
  return null;
}

/** Lists that are open close before anything else does. */
const inOpenList = (event: KeyboardEvent) =>
  event.target instanceof Element &&
  event.target.closest("[role=menu],[role=listbox],[aria-haspopup][aria-expanded=true]") !== null;

export function ModelViewer({ files, load, without = [], panels = [] }: ModelViewerProps) {
  const viewer = useViewer(files, load);
  const { canvas, stage, models, failure, on } = viewer;
  const help = useId();
  const name = nameOf(files[0]?.path ?? "");
  const close = () => {
    viewer.setOpen(null);
    canvas.current?.focus({ preventScroll: true });
  };
  const onEscape = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.defaultPrevented || inOpenList(event)) return;
    if (!viewer.ruler.giveUp()) {
      if (viewer.open === null) return;
      close();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const onViewKey = (event: KeyboardEvent) => {
    if (stage === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && on.measure) viewer.ruler.setInMiddle();
    else if (!pressKey(stage, event.key, event.shiftKey)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const panel = panelOf(viewer, panels);
  return (
    <Frame
      label={`${name} in 3D`}
      onKeyDown={onEscape}
      tools={<Toolbar label="Tools of the 3D view" groups={viewerTools(viewer, panels, without)} />}
      facts={
        models !== null && failure === null ? (
          <Facts models={models} size={viewer.size} unit={viewer.unit} />
        ) : undefined
      }
    >
      <div className="vams-stage">
        <div
          className="vams-stage-view"
          data-background={viewer.background}
          data-measuring={on.measure}
        >
          <canvas
            ref={canvas}
            className="vams-viewer-surface"
            role="img"
            aria-label={`3D view of ${name}`}
            aria-describedby={help}
            tabIndex={0}
            onKeyDown={onViewKey}
            hidden={failure !== null}
          />
          <span id={help} className="vams-sr">
            {KEYS_HELP}
          </span>
          {on.measure && <span className="vams-stage-cross" aria-hidden="true" />}
          {stage !== null && models !== null && <AnimationBar stage={stage} models={models} />}
          <ViewState
            loading={viewer.loading}
            failure={failure}
            {...(viewer.problem === null ? { onRetry: viewer.retry } : {})}
          />
        </div>
        {panel !== null && (
          <SidePanel name={panel[0]} onClose={close}>
            {panel[1]}
          </SidePanel>
        )}
      </div>
    </Frame>
  );
}
