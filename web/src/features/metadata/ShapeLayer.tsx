// The shapes of a GeoJSON value on a map, with corners that can be dragged.
import { useState, type PointerEvent } from "react";
import type { Frame } from "../map/MapFrame";
import { pointToPlace, type Place, type Point } from "../map/mercator";
import { moveCorner, rowsOf, type Corner, type Geometry, type Path } from "./geoshapes";
import type { DrawingWork } from "./useDrawing";

/** More would cover what they belong to. */
const MOST_CORNERS = 300;

function written(points: Point[]): string {
  return points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
}

interface Dragged {
  path: Path;
  place: Place;
}

function placeAt(event: PointerEvent<SVGElement>, frame: Frame): Place {
  const box = event.currentTarget.ownerSVGElement?.getBoundingClientRect();
  return pointToPlace(frame.view, frame.size, {
    x: event.clientX - (box?.left ?? 0),
    y: event.clientY - (box?.top ?? 0),
  });
}

function Handle(props: {
  corner: Corner;
  at: Point;
  frame: Frame;
  selected: boolean;
  onSelect: () => void;
  onDrag: (place: Place) => void;
  onDrop: (place: Place | null) => void;
}) {
  const { at, frame } = props;
  const [from, setFrom] = useState<Point | null>(null);
  const [far, setFar] = useState(false);
  return (
    <circle
      className="vams-corner"
      data-selected={props.selected}
      cx={at.x}
      cy={at.y}
      r={7}
      onClick={(event) => event.stopPropagation()}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        setFrom({ x: event.clientX, y: event.clientY });
        setFar(false);
        props.onSelect();
      }}
      onPointerMove={(event) => {
        if (from === null) return;
        event.stopPropagation();
        if (!far && Math.hypot(event.clientX - from.x, event.clientY - from.y) < 4) return;
        setFar(true);
        props.onDrag(placeAt(event, frame));
      }}
      onPointerUp={(event) => {
        event.stopPropagation();
        setFrom(null);
        props.onDrop(far ? placeAt(event, frame) : null);
      }}
    />
  );
}

function Between(props: { a: Point; b: Point; onInsert: (point: Point) => void }) {
  const middle = { x: (props.a.x + props.b.x) / 2, y: (props.a.y + props.b.y) / 2 };
  if (Math.hypot(props.a.x - props.b.x, props.a.y - props.b.y) < 36) return null;
  return (
    <circle
      className="vams-between"
      cx={middle.x}
      cy={middle.y}
      r={5}
      onPointerDown={(event) => event.stopPropagation()}
      onClick={(event) => {
        event.stopPropagation();
        props.onInsert(middle);
      }}
    >
      <title>Add a corner here</title>
    </circle>
  );
}

function Outline(props: {
  geometry: Geometry;
  frame: Frame;
  selected: boolean;
  onSelect?: () => void;
}) {
  const common = {
    "data-selected": props.selected,
    ...(props.onSelect === undefined
      ? {}
      : {
          onClick: (event: React.MouseEvent) => {
            event.stopPropagation();
            props.onSelect?.();
          },
        }),
  };
  return (
    <>
      {rowsOf(props.geometry).map(({ kind, path, corners }) => {
        const points = props.frame.project(corners.map(({ place }) => place));
        if (kind === "ring")
          return (
            <polygon
              key={path.join()}
              className="vams-shape"
              points={written(points)}
              {...common}
            />
          );
        if (kind === "line")
          return (
            <polyline
              key={path.join()}
              className="vams-shape-line"
              points={written(points)}
              {...common}
            />
          );
        return (
          <circle
            key={path.join()}
            className="vams-pin"
            cx={points[0]?.x}
            cy={points[0]?.y}
            r={8}
            {...common}
          />
        );
      })}
    </>
  );
}

interface Layer {
  work: DrawingWork;
  frame: Frame;
  /** As exact as the window shows it. */
  round: (place: Place) => Place;
}

function ShapeOnMap(props: Layer & { index: number }) {
  const { work, index, frame, round } = props;
  const [dragged, setDragged] = useState<Dragged | null>(null);
  const shape = work.drawing.shapes[index];
  if (shape === undefined) return null;
  const selected = work.selected?.shape === index;
  const geometry =
    dragged === null ? shape.geometry : moveCorner(shape.geometry, dragged.path, dragged.place);
  const movable = work.tool === "move";
  const rows = rowsOf(geometry);
  const corners = rows.reduce((sum, row) => sum + row.corners.length, 0);
  return (
    <g>
      <Outline
        geometry={geometry}
        frame={frame}
        selected={selected}
        {...(movable ? { onSelect: () => work.select({ shape: index, corner: null }) } : {})}
      />
      {movable &&
        selected &&
        corners <= MOST_CORNERS &&
        rows.map((row) => {
          const points = frame.project(row.corners.map(({ place }) => place));
          const sides =
            row.kind === "ring" ? points.length : row.kind === "line" ? points.length - 1 : 0;
          return (
            <g key={row.path.join()}>
              {row.corners.slice(0, sides).map((corner, at) => {
                const [a, b] = [points[at], points[(at + 1) % points.length]];
                return (
                  a !== undefined &&
                  b !== undefined && (
                    <Between
                      key={`between ${corner.path.join()}`}
                      a={a}
                      b={b}
                      onInsert={(point) =>
                        work.insert(
                          index,
                          corner.path,
                          round(pointToPlace(frame.view, frame.size, point)),
                        )
                      }
                    />
                  )
                );
              })}
              {row.corners.map((corner, at) => (
                <Handle
                  key={corner.path.join()}
                  corner={corner}
                  at={points[at] ?? { x: 0, y: 0 }}
                  frame={frame}
                  selected={work.selected?.corner?.join() === corner.path.join()}
                  onSelect={() => work.select({ shape: index, corner: corner.path })}
                  onDrag={(place) => setDragged({ path: corner.path, place })}
                  onDrop={(place) => {
                    setDragged(null);
                    if (place !== null) work.move(index, corner.path, round(place));
                  }}
                />
              ))}
            </g>
          );
        })}
    </g>
  );
}

export function ShapeLayer(props: Layer) {
  const { work, frame } = props;
  const draft = frame.project(work.draft);
  return (
    <>
      {work.drawing.shapes.map((_, index) => (
        <ShapeOnMap key={index} {...props} index={index} />
      ))}
      {draft.length > 0 && (
        <g className="vams-draft">
          {work.tool === "Polygon" ? (
            <polygon className="vams-shape" points={written(draft)} />
          ) : (
            <polyline className="vams-shape-line" points={written(draft)} />
          )}
          {draft.map((point, index) => (
            <circle key={index} className="vams-corner" cx={point.x} cy={point.y} r={5} />
          ))}
        </g>
      )}
    </>
  );
}
