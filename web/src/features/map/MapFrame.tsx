// A map of the world that is part of the application: outlines, drawn here. Where the server's
// configuration names a map of its own, that one lies behind them.
import Button from "@cloudscape-design/components/button";
import {
  lazy,
  Suspense,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type ReactNode,
  type RefObject,
} from "react";
import { useApp } from "../../app/context";
import { loadLand, UNITS, type Land } from "./land";
import {
  pointToPlace,
  project,
  settle,
  WORLD,
  worldSize,
  zoomAt,
  type MapView,
  type Place,
  type Point,
  type Size,
} from "./mercator";
import { gridLines, scaleBar } from "./scale";
import { useGestures } from "./useGestures";
import "./map.css";

const Backdrop = lazy(async () => ({ default: (await import("./Backdrop")).Backdrop }));

export interface Frame {
  view: MapView;
  size: Size;
  /** In pixels of the frame. */
  project: (places: Place[]) => Point[];
}

function useSize(frame: RefObject<HTMLElement>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const measure = () =>
      setSize((now) => {
        const next = { width: element.clientWidth, height: element.clientHeight };
        return now.width === next.width && now.height === next.height ? now : next;
      });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame]);
  return size;
}

function useLand(): Land[] {
  const [found, setFound] = useState<Land[]>([]);
  useEffect(() => {
    let shown = true;
    loadLand().then(
      (land) => shown && setFound(land),
      () => undefined, // Then the lines of degrees have to do.
    );
    return () => {
      shown = false;
    };
  }, []);
  return found;
}

function Outline({ view, size, land }: { view: MapView; size: Size; land: Land[] }) {
  const world = worldSize(view.zoom);
  const [half, tall] = [size.width / 2 / world, size.height / 2 / world];
  const turns = [-1, 0, 1];
  return (
    <>
      {turns.map((turn) => {
        const seen = land.filter(
          (part) =>
            part.east + turn >= view.x - half &&
            part.west + turn <= view.x + half &&
            part.south >= view.y - tall &&
            part.north <= view.y + tall,
        );
        const left = (turn - view.x) * world + size.width / 2;
        const top = -view.y * world + size.height / 2;
        return (
          <g
            key={turn}
            transform={`translate(${left} ${top}) scale(${world / UNITS})`}
            strokeWidth={(0.75 * UNITS) / world}
          >
            {seen.map((part) => (
              <path key={part.path.slice(0, 40)} d={part.path} className="vams-land" />
            ))}
          </g>
        );
      })}
    </>
  );
}

function Degrees({ view, size }: { view: MapView; size: Size }) {
  const { columns, rows } = gridLines(view, size);
  return (
    <g className="vams-degrees">
      {columns.map(({ at, text }) => (
        <g key={`${text} ${at}`}>
          <line x1={at} x2={at} y1={0} y2={size.height} />
          <text x={at + 4} y={12}>
            {text}
          </text>
        </g>
      ))}
      {rows.map(({ at, text }) => (
        <g key={text}>
          <line x1={0} x2={size.width} y1={at} y2={at} />
          {at > 28 && (
            <text x={4} y={at - 4}>
              {text}
            </text>
          )}
        </g>
      ))}
    </g>
  );
}

function Controls(props: { view: MapView; size: Size; onView: (view: MapView) => void }) {
  const { view, size, onView } = props;
  const centre = { x: size.width / 2, y: size.height / 2 };
  const zoom = (steps: number) => onView(zoomAt(view, size, steps, centre));
  return (
    <div className="vams-map-buttons">
      <Button iconName="zoom-in" variant="icon" ariaLabel="Closer" onClick={() => zoom(1)} />
      <Button iconName="zoom-out" variant="icon" ariaLabel="Further" onClick={() => zoom(-1)} />
      <Button
        iconName="zoom-to-fit"
        variant="icon"
        ariaLabel="Whole world"
        onClick={() => onView(settle(WORLD, size))}
      />
    </div>
  );
}

export function MapFrame(props: {
  /** What the map shows, for those who do not see it. */
  label: string;
  view: MapView;
  onView: (view: MapView) => void;
  /** How large the map is, when that is known. */
  onSize?: (size: Size) => void;
  /** A place was clicked, or confirmed with Enter: then it is in the middle, under the cross. */
  onPlace?: (place: Place) => void;
  /** On the map, as SVG. */
  children?: (frame: Frame) => ReactNode;
  /** Above the map. */
  overlay?: ReactNode;
}) {
  const { onView, onPlace, onSize } = props;
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const { mapStyle } = useApp();
  const [tiles, setTiles] = useState<"none" | "shown" | "failed">("none");
  useEffect(() => {
    if (size.width > 0) onSize?.(size);
  }, [onSize, size]);
  const view = settle(props.view, size);
  const land = useLand();
  const gestures = useGestures({
    frame,
    view,
    size,
    onView,
    onPoint: onPlace && ((point) => onPlace(pointToPlace(view, size, point))),
  });
  const bar = scaleBar(view);
  return (
    <div className="vams-map">
      <div
        ref={frame}
        className="vams-map-frame"
        role="application"
        aria-label={props.label}
        aria-roledescription="Map"
        tabIndex={0}
        data-placing={onPlace !== undefined}
        {...gestures}
      >
        {mapStyle !== "" && size.width > 0 && (
          <Suspense>
            <Backdrop style={mapStyle} view={view} size={size} onState={setTiles} />
          </Suspense>
        )}
        {size.width > 0 && (
          <svg width={size.width} height={size.height} aria-hidden="true">
            {tiles !== "shown" && (
              <>
                <rect width="100%" height="100%" className="vams-sea" />
                <Outline view={view} size={size} land={land} />
                <Degrees view={view} size={size} />
              </>
            )}
            {props.children?.({
              view,
              size,
              project: (places) => project(view, size, places),
            })}
            {onPlace !== undefined && (
              <path
                className="vams-cross"
                d={`M${size.width / 2 - 9},${size.height / 2}h18M${size.width / 2},${size.height / 2 - 9}v18`}
              />
            )}
          </svg>
        )}
      </div>
      <Controls view={view} size={size} onView={onView} />
      <div className="vams-map-scale" aria-hidden="true">
        <span style={{ width: bar.width }} />
        {bar.text}
      </div>
      {tiles === "failed" && (
        <div className="vams-map-note" role="status">
          The configured map cannot be loaded; outlines are shown instead.
        </div>
      )}
      {props.overlay}
    </div>
  );
}
