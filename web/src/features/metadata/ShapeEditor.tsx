// A GeoJSON value drawn on the map: points, lines and areas. With the keyboard, arrows move the map
// and Enter puts a corner in its middle; the text beside it says the same.
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useCallback, useRef, useState } from "react";
import { MapFrame } from "../map/MapFrame";
import { around, fit, project, WORLD, type MapView, type Place, type Size } from "../map/mercator";
import { LEAST, rowsOf, shapeName, shapeProblem, type Drawing } from "./geoshapes";
import { digitsAt } from "./PlacePicker";
import { ShapeLayer } from "./ShapeLayer";
import { useDrawing, type DrawingWork, type Tool } from "./useDrawing";

const TOOLS: { id: Tool; text: string }[] = [
  { id: "move", text: "Change" },
  { id: "Point", text: "Point" },
  { id: "LineString", text: "Line" },
  { id: "Polygon", text: "Area" },
];

const HINTS: Record<Tool, string> = {
  move: "Choose a shape to move its corners; the small dots add one.",
  Point: "Click where the point is.",
  LineString: "Click from corner to corner; click the last one again to end.",
  Polygon: "Click from corner to corner; click the first or the last one again to end.",
};
/** Pixels between two clicks that mean the same place. */
const SAME = 9;

function placesOf({ shapes }: Drawing): Place[] {
  return shapes.flatMap(({ geometry }) =>
    rowsOf(geometry).flatMap(({ corners }) => corners.map(({ place }) => place)),
  );
}

function Tools({ work }: { work: DrawingWork }) {
  const drawing = work.tool === "LineString" || work.tool === "Polygon";
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <SegmentedControl
        label="What a click does"
        selectedId={work.tool}
        options={TOOLS}
        onChange={({ detail }) => work.choose(detail.selectedId as Tool)}
      />
      <Button
        iconName="undo"
        variant="icon"
        ariaLabel="Undo the last step"
        disabled={!work.canUndo}
        onClick={work.undo}
      />
      <Button
        iconName="redo"
        variant="icon"
        ariaLabel="Do the step again"
        disabled={!work.canRedo}
        onClick={work.redo}
      />
      {drawing && (
        <Button
          disabled={work.tool === "move" || work.draft.length < LEAST[work.tool]}
          onClick={work.finish}
        >
          End the shape
        </Button>
      )}
      {!drawing && work.selected !== null && (
        <Button onClick={work.remove}>
          {work.selected.corner === null ? "Remove the shape" : "Remove the corner"}
        </Button>
      )}
    </SpaceBetween>
  );
}

function ShapeList({ work }: { work: DrawingWork }) {
  const { shapes } = work.drawing;
  if (shapes.length === 0) return null;
  return (
    <ul className="vams-shapes" aria-label="Shapes">
      {shapes.map((shape, index) => {
        const chosen = work.selected?.shape === index;
        const problem = shapeProblem(shape.geometry);
        return (
          <li key={index} data-selected={chosen}>
            <Button
              variant="inline-link"
              ariaLabel={`Choose shape ${index + 1}: ${shapeName(shape)}`}
              onClick={() => {
                if (work.tool !== "move") work.choose("move");
                work.select({ shape: index, corner: null });
              }}
            >
              {`${index + 1}. ${shapeName(shape)}`}
            </Button>
            {problem !== "" && <span className="vams-shape-problem">{problem}</span>}
          </li>
        );
      })}
    </ul>
  );
}

function onKey(work: DrawingWork, event: React.KeyboardEvent): void {
  const step = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
  if (step) (event.shiftKey ? work.redo : work.undo)();
  else if (event.key === "Delete" && work.draft.length === 0) work.remove();
  else if (event.key === "Backspace" && work.draft.length > 0) work.undo();
  else if (event.key === "Escape" && work.draft.length > 0) work.cancel();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

export function ShapeEditor(props: {
  value: string;
  label: string;
  onChange: (value: string) => void;
}) {
  const work = useDrawing(props.value, props.onChange);
  const [view, setView] = useState<MapView>(WORLD);
  const [size, setSize] = useState<Size | null>(null);
  const begun = useRef(false);
  const places = work === null ? [] : placesOf(work.drawing);
  const first = useRef(places);
  const begin = useCallback((known: Size) => {
    setSize(known);
    if (begun.current) return;
    begun.current = true;
    const bounds = around(first.current);
    if (bounds !== null) setView(fit(bounds, known, 12));
  }, []);
  if (work === null)
    return (
      <Alert type="info">
        This text cannot be drawn: it is no GeoJSON, or holds shapes without places. Mend it above,
        or empty it to begin anew.
      </Alert>
    );
  const same = (a: Place, b: Place) => {
    if (size === null) return false;
    const [p, q] = project(view, size, [a, b]);
    return p !== undefined && q !== undefined && Math.hypot(p.x - q.x, p.y - q.y) <= SAME;
  };
  const rounded = (place: Place): Place => {
    const digits = digitsAt(view) + 1;
    return { lat: Number(place.lat.toFixed(digits)), long: Number(place.long.toFixed(digits)) };
  };
  const placing =
    work.tool === "move" ? {} : { onPlace: (place: Place) => work.place(rounded(place), same) };
  const bounds = around(places);
  return (
    <div className="vams-place" onKeyDown={(event) => onKey(work, event)}>
      <SpaceBetween size="xs">
        <Tools work={work} />
        <div className="vams-shape-hint" role="status">
          {HINTS[work.tool]}
        </div>
        <MapFrame
          label={`${props.label}: ${work.drawing.shapes.length} shapes. Arrows move the map, Enter puts a corner in its middle.`}
          view={view}
          onView={setView}
          onSize={begin}
          {...placing}
        >
          {(frame) => <ShapeLayer work={work} frame={frame} round={rounded} />}
        </MapFrame>
        <ShapeList work={work} />
        {bounds !== null && size !== null && (
          <Button variant="inline-link" onClick={() => setView(fit(bounds, size, 14))}>
            Show all shapes
          </Button>
        )}
      </SpaceBetween>
    </div>
  );
}
