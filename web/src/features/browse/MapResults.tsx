// What is found, on a map: near things as one, a list of what the window shows beside it, and the
// search for what lies within the window.
import Button from "@cloudscape-design/components/button";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { formatCount, plural } from "../../ui/format";
import { Empty } from "../../ui/Empty";
import { Problem } from "../../ui/Problem";
import { canOpen, clusters, type Cluster } from "../map/clusters";
import { MapFrame, type Frame } from "../map/MapFrame";
import {
  around,
  boundsOf,
  fit,
  isWithin,
  project,
  WORLD,
  type MapView,
  type Size,
} from "../map/mercator";
import { useLocated, type LocatedItem } from "./located";
import { MapList } from "./MapList";
import { MapPopup } from "./MapPopup";
import type { BrowseParams } from "./params";
import "./map-results.css";

const NEAREST = 17;
const SHAPES = 300;

function Shapes({ frame, items }: { frame: Frame; items: LocatedItem[] }) {
  return (
    <>
      {items.map(({ item, rings }) =>
        rings.map((ring, index) => (
          <polygon
            key={`${item.key} ${index}`}
            className="vams-area"
            points={frame
              .project(ring)
              .map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`)
              .join(" ")}
          />
        )),
      )}
    </>
  );
}

function Pins(props: {
  frame: Frame;
  groups: Cluster<LocatedItem>[];
  active: string | null;
  onOpen: (group: Cluster<LocatedItem>) => void;
}) {
  return (
    <>
      {props.groups.map((group) => {
        const [at] = props.frame.project([group.place]);
        const one = group.items.length === 1;
        const radius = one ? 9 : Math.min(26, 12 + 3 * Math.log2(group.items.length));
        return (
          <g
            key={group.key}
            className={one ? "vams-pin" : "vams-cluster"}
            data-active={group.items.some(({ item }) => item.key === props.active)}
            transform={`translate(${at?.x ?? 0} ${at?.y ?? 0})`}
            onClick={(event) => {
              event.stopPropagation();
              props.onOpen(group);
            }}
          >
            <title>
              {one ? group.items[0]?.item.name : `${formatCount(group.items.length)} here`}
            </title>
            <circle r={radius} />
            {!one && <text dy="0.35em">{formatCount(group.items.length)}</text>}
          </g>
        );
      })}
    </>
  );
}

function useView(items: LocatedItem[], box: BrowseParams["box"], ready: boolean) {
  const [view, setView] = useState<MapView>(WORLD);
  const [size, setSize] = useState<Size | null>(null);
  const [moved, setMoved] = useState(false);
  const begun = useRef(false);
  // Once, when both the size and the places are known; from then on people move it.
  useEffect(() => {
    if (begun.current || size === null || !ready) return;
    begun.current = true;
    const bounds = box ?? around(items.map(({ place }) => place));
    if (bounds !== null) setView(fit(bounds, size));
  }, [size, ready, box, items]);
  const move = useCallback((next: MapView) => {
    setView(next);
    setMoved(true);
  }, []);
  return { view, size, setSize, moved, setMoved, move };
}

function SearchHere(props: {
  box: boolean;
  moved: boolean;
  onHere: () => void;
  onEverywhere: () => void;
}) {
  return (
    <div className="vams-map-search">
      {(props.moved || !props.box) && (
        <Button iconName="search" onClick={props.onHere}>
          Search here
        </Button>
      )}
      {props.box && <Button onClick={props.onEverywhere}>Search everywhere</Button>}
    </div>
  );
}

function said(shown: number, total: number, all: number | null): string {
  const some = total > shown ? `The first ${formatCount(shown)} of ` : "";
  const of = all === null || all <= total ? "" : `; ${formatCount(all - total)} others have none`;
  return `${some}${plural(total, "place")}${of}.${total > shown ? " Search a part of the map for the rest." : ""}`;
}

export function MapResults(props: {
  params: BrowseParams;
  /** All that was found, with and without a place. */
  all: number | null;
  onChange: (change: Partial<BrowseParams>) => void;
}) {
  const { params, onChange } = props;
  const found = useLocated(params);
  const { items } = found;
  const { view, size, setSize, moved, setMoved, move } = useView(
    items,
    params.box,
    found.total !== null,
  );
  const [open, setOpen] = useState<LocatedItem[] | null>(null);
  const [active, setActive] = useState<string | null>(null);
  const level = Math.floor(view.zoom);
  const groups = useMemo(() => clusters(items, ({ place }) => place, level), [items, level]);
  const shapes = useMemo(() => items.filter(({ rings }) => rings.length > 0), [items]);
  const bounds = size === null ? null : boundsOf(view, size);
  const seen = bounds === null ? [] : items.filter(({ place }) => isWithin(place, bounds));
  if (found.error !== null) return <Problem error={found.error} onRetry={found.retry} />;
  if (found.total === 0 && params.box === null)
    return (
      <Empty
        title="No places"
        text="None of these has a place. It is read from the metadata field location (a place, or a place and height), or from latitude and longitude."
      />
    );
  const near = (group: Cluster<LocatedItem>) => {
    if (group.items.length === 1 || !canOpen(group) || size === null) setOpen(group.items);
    else move(fit(group.bounds, size, NEAREST));
  };
  const first = open?.[0];
  const at =
    first === undefined || size === null ? undefined : project(view, size, [first.place])[0];
  return (
    <div className="vams-map-results" aria-busy={found.busy}>
      <div className="vams-map-said" role="status">
        {found.total === null ? "Looking for places…" : said(items.length, found.total, props.all)}
      </div>
      <MapFrame
        label={`Map with ${plural(seen.length, "place")} in the window. The list beside it holds the same.`}
        view={view}
        onView={move}
        onSize={setSize}
        overlay={
          <>
            <SearchHere
              box={params.box !== null}
              moved={moved}
              onHere={() => {
                if (bounds !== null) onChange({ box: bounds });
                setMoved(false);
              }}
              onEverywhere={() => onChange({ box: null })}
            />
            {open !== null && at !== undefined && size !== null && (
              <MapPopup items={open} at={at} size={size} onClose={() => setOpen(null)} />
            )}
          </>
        }
      >
        {(frame) => (
          <>
            {shapes.length <= SHAPES && <Shapes frame={frame} items={shapes} />}
            <Pins
              frame={frame}
              groups={groups.filter(
                ({ place }) => bounds === null || isWithin(place, bounds) || groups.length < 500,
              )}
              active={active}
              onOpen={near}
            />
          </>
        )}
      </MapFrame>
      <MapList
        items={seen}
        onActive={setActive}
        onShow={(located) => {
          if (size === null) return;
          const { place } = located;
          move(
            fit(
              { west: place.long, east: place.long, south: place.lat, north: place.lat },
              size,
              Math.max(12, view.zoom),
            ),
          );
          setOpen([located]);
        }}
      />
    </div>
  );
}
