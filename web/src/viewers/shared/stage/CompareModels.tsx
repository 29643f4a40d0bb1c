// Two versions of a model beside each other: what turns one turns the other, and one section cuts both.
import { useEffect, useId, useMemo, useState, type KeyboardEvent } from "react";
import { Box3 } from "three";
import { formatCount, nameOf } from "../../../ui/format";
import type { ComparisonProps, ViewerFile } from "../../registry";
import { Frame } from "../Frame";
import { directionOf, reachOf, sizeAlong } from "./axes";
import { ICONS } from "./icons";
import { KEYS_HELP, pressKey } from "./keys";
import { linkCameras } from "./link";
import { surfacesOf } from "./looks";
import { formatLength, type LoadModel } from "./model";
import { ViewState } from "./ModelViewer";
import { FIRST_SECTION, type Section } from "./section";
import { SectionPanel } from "./SectionPanel";
import { SidePanel } from "./SidePanel";
import type { Stage } from "./Stage";
import { Toolbar, type Tool } from "./Toolbar";
import { useModels } from "./useModels";
import { useStage } from "./useStage";
import { useMaterials, useSection } from "./useTools";
import { viewTools } from "./viewTools";
import "./stage.css";

function useSide(file: ViewerFile, load: LoadModel) {
  const { canvas, stage, problem } = useStage();
  const { loading, retry } = useModels([file], load, stage);
  const models = loading.state === "ready" ? loading.models : null;
  return { canvas, stage, problem, loading, retry, models };
}
type Side = ReturnType<typeof useSide>;

function Pane(props: { side: Side; name: string; label: string; onKeyDown: KeyHandler }) {
  const { side } = props;
  const help = useId();
  const failure = side.problem ?? (side.loading.state === "failed" ? side.loading.error : null);
  return (
    <div className="vams-stage-view">
      <canvas
        ref={side.canvas}
        className="vams-viewer-surface"
        role="img"
        aria-label={props.label}
        aria-describedby={help}
        tabIndex={0}
        onKeyDown={props.onKeyDown}
        hidden={failure !== null}
      />
      <span id={help} className="vams-sr">
        {KEYS_HELP}
      </span>
      <span className="vams-stage-name">{props.name}</span>
      <ViewState
        loading={side.loading}
        failure={failure}
        {...(side.problem === null ? { onRetry: side.retry } : {})}
      />
    </div>
  );
}
type KeyHandler = (event: KeyboardEvent) => void;

/** What is counted and measured of a side, as text. */
function rowsOf({ stage, models }: Side): Map<string, string> {
  const rows = new Map<string, string>();
  const [model] = models ?? [];
  if (stage === null || model === undefined) return rows;
  const { triangles, vertices, points, parts } = model.facts;
  for (const [name, count] of Object.entries({ triangles, vertices, points, parts }))
    rows.set(`${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`, formatCount(count));
  rows.set("Materials", formatCount(surfacesOf([model.object]).length));
  sizeAlong(stage.bounds(), stage.models).forEach((length, index) =>
    rows.set(`Size ${"XYZ"[index] ?? ""}`, formatLength(length, model.unit)),
  );
  return rows;
}

function Numbers(props: { left: Side; right: Side; names: ComparisonProps["names"] }) {
  const before = useMemo(() => rowsOf(props.left), [props.left.stage, props.left.models]);
  const after = useMemo(() => rowsOf(props.right), [props.right.stage, props.right.models]);
  const rows = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => ![before.get(name), after.get(name)].every((value) => value === "0"),
  );
  return (
    <table className="vams-stage-numbers" aria-label="Sizes and counts of both models">
      <thead>
        <tr>
          <td />
          <th scope="col">{props.names.before}</th>
          <th scope="col">{props.names.after}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((name) => {
          const [a = "–", b = "–"] = [before.get(name), after.get(name)];
          return (
            <tr key={name} data-changed={a !== b}>
              <th scope="row">{name}</th>
              <td>{a}</td>
              <td>
                {b}
                {a !== b && <span className="vams-sr"> (changed)</span>}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function boundsOfBoth(sides: Side[]): Box3 | null {
  const all = new Box3();
  for (const { stage, models } of sides)
    if (stage !== null && models !== null) all.union(stage.bounds());
  return all.isEmpty() ? null : all;
}

function useStanding({ stage, models }: Side, zUp: boolean): void {
  useEffect(() => {
    if (models !== null) stage?.setZUp(zUp);
  }, [stage, models, zUp]);
}

function useComparison(props: ComparisonProps & { load: LoadModel }) {
  const left = useSide(props.before, props.load);
  const right = useSide(props.after, props.load);
  const [together, setTogether] = useState(true);
  const [wireframe, setWireframe] = useState(false);
  const [section, setSection] = useState<Section | null>(null);
  const [panel, setPanel] = useState(false);
  const { stage: one } = left;
  const { stage: other } = right;
  const standing = (right.models ?? left.models)?.[0]?.zUp ?? false;
  useStanding(left, standing);
  useStanding(right, standing);
  // Behind the effects that make them stand upright.
  const [box, setBox] = useState<Box3 | null>(null);
  useEffect(
    () => setBox(boundsOfBoth([left, right])),
    [one, left.models, other, right.models, standing],
  );
  useEffect(
    () => (together && one !== null && other !== null ? linkCameras(one, other) : undefined),
    [one, other, together],
  );
  // Both in the same size, however they differ.
  useEffect(() => {
    if (box !== null) for (const stage of [one, other]) stage?.fit(undefined, box);
  }, [box, one, other]);
  useMaterials(one, left.models, wireframe);
  useMaterials(other, right.models, wireframe);
  useSection(one, left.models, section, standing, box);
  useSection(other, right.models, section, standing, box);
  const toggleSection = () => {
    setSection(section === null ? FIRST_SECTION : null);
    setPanel(section === null);
  };
  const tools: Tool[] = [
    {
      id: "together",
      text: "Turn both together",
      icon: ICONS.together,
      pressed: together,
      run: () => setTogether(!together),
    },
    {
      id: "section",
      text: "Section",
      icon: ICONS.section,
      disabled: box === null,
      pressed: section !== null,
      run: toggleSection,
    },
    {
      id: "wireframe",
      text: "Wireframe",
      icon: ICONS.wireframe,
      disabled: box === null,
      pressed: wireframe,
      run: () => setWireframe(!wireframe),
    },
  ];
  return { left, right, box, tools, section, setSection, panel, setPanel };
}

function SectionOfBoth({ of }: { of: ReturnType<typeof useComparison> }) {
  const { left, right, box, section } = of;
  const models = (left.stage ?? right.stage)?.models;
  if (!of.panel || section === null || box === null || models === undefined) return null;
  return (
    <SidePanel name="Section" onClose={() => of.setPanel(false)}>
      <SectionPanel
        section={section}
        unit={(right.models ?? left.models)?.[0]?.unit ?? ""}
        reach={reachOf(box, directionOf(section.axis, models))}
        onChange={of.setSection}
      />
    </SidePanel>
  );
}

function keysFor(stage: Stage | null): KeyHandler {
  return (event) => {
    if (stage === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!pressKey(stage, event.key, event.shiftKey)) return;
    event.preventDefault();
    event.stopPropagation();
  };
}

export function CompareModels(props: ComparisonProps & { load: LoadModel }) {
  const compared = useComparison(props);
  const { left, right, box } = compared;
  const name = nameOf(props.after.path);
  const stages = [left.stage, right.stage].filter((stage) => stage !== null);
  const onEscape = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !compared.panel) return;
    compared.setPanel(false);
    event.stopPropagation();
  };
  const pane = (side: Side, version: string) => (
    <Pane
      side={side}
      name={version}
      label={`3D view of ${name}, ${version}`}
      onKeyDown={keysFor(side.stage)}
    />
  );
  return (
    <Frame
      label={`Two versions of ${name} in 3D`}
      onKeyDown={onEscape}
      tools={
        <Toolbar
          label="Tools of the comparison"
          groups={[
            { name: "Camera", tools: viewTools(box === null, stages, box) },
            { name: "Tools", tools: compared.tools },
          ]}
        />
      }
      facts={<Numbers left={left} right={right} names={props.names} />}
    >
      <div className="vams-stage vams-stage-pair">
        {pane(left, props.names.before)}
        {pane(right, props.names.after)}
        <SectionOfBoth of={compared} />
      </div>
    </Frame>
  );
}
