// Two versions of a picture: one over the other with a line to drag, beside each other, or only what
// differs.
import Button from "@cloudscape-design/components/button";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { useEffect, useId, useRef, useState, type CSSProperties, type PointerEvent } from "react";
import { formatCount, nameOf } from "../../ui/format";
import type { ComparisonProps, ViewerFile } from "../registry";
import { Still } from "./Still";
import { FITTED, moved, zoomed, type Extent, type View } from "./view";
import { Frame } from "../shared/Frame";
import "./comparison.css";

type Side = "before" | "after";
type Way = "over" | "beside" | "difference";

const WAYS: { id: Way; text: string }[] = [
  { id: "over", text: "Over each other" },
  { id: "beside", text: "Beside each other" },
  { id: "difference", text: "Difference" },
];

const sizeText = (size: Extent | null) =>
  size === null ? "…" : `${formatCount(size.width)} × ${formatCount(size.height)} pixels`;

/** Wheel and dragging, for both pictures together. */
function useLook(onDrag: ((event: PointerEvent) => void) | null) {
  const [view, setView] = useState<View>(FITTED);
  const [surface, setSurface] = useState<HTMLElement | null>(null);
  const held = useRef<{ x: number; y: number } | null>(null);
  useEffect(() => {
    if (surface === null) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      setView((now) => zoomed(now, Math.exp(-event.deltaY / 400)));
    };
    surface.addEventListener("wheel", onWheel, { passive: false });
    return () => surface.removeEventListener("wheel", onWheel);
  }, [surface]);
  const release = () => (held.current = null);
  return {
    view,
    setView,
    handlers: {
      ref: setSurface,
      onPointerDown: (event: PointerEvent) => {
        held.current = { x: event.clientX, y: event.clientY };
        event.currentTarget.setPointerCapture(event.pointerId);
        onDrag?.(event);
      },
      onPointerMove: (event: PointerEvent) => {
        const from = held.current;
        if (from === null) return;
        if (onDrag !== null) return onDrag(event);
        held.current = { x: event.clientX, y: event.clientY };
        setView((now) => moved(now, event.clientX - from.x, event.clientY - from.y));
      },
      onPointerUp: release,
      onPointerCancel: release,
    },
  };
}

export default function ImageComparison({ before, after, names }: ComparisonProps) {
  const sides: Record<Side, ViewerFile> = { before, after };
  const [way, setWay] = useState<Way>("over");
  const [share, setShare] = useState(50);
  const [sizes, setSizes] = useState<Record<Side, Extent | null>>({
    before: null,
    after: null,
  });
  const id = useId();
  const drag = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = ((event.clientX - box.left) / Math.max(1, box.width)) * 100;
    setShare(Math.min(100, Math.max(0, Math.round(at))));
  };
  const { view, setView, handlers } = useLook(way === "over" ? drag : null);
  const placed: CSSProperties = {
    transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})`,
  };
  const half = (side: Side, style: CSSProperties) => (
    <figure data-side={side} style={style}>
      {way !== "difference" && <figcaption>{names[side]}</figcaption>}
      <Still
        file={sides[side]}
        alt={`${nameOf(sides[side].path)}, ${names[side]}`}
        className="vams-half"
        style={placed}
        onSize={(size) => setSizes((now) => ({ ...now, [side]: size }))}
      />
    </figure>
  );
  return (
    <Frame
      label={`Differences of ${nameOf(sides.after.path)}`}
      tools={
        <>
          <SegmentedControl
            label="How the two are shown"
            selectedId={way}
            options={WAYS}
            onChange={({ detail }) =>
              setWay(WAYS.find((one) => one.id === detail.selectedId)?.id ?? "over")
            }
          />
          <Button iconName="zoom-to-fit" onClick={() => setView(FITTED)}>
            Fit
          </Button>
          <Button
            iconName="zoom-in"
            ariaLabel="Zoom in"
            onClick={() => setView(zoomed(view, 1.25))}
          />
          <Button
            iconName="zoom-out"
            ariaLabel="Zoom out"
            onClick={() => setView(zoomed(view, 0.8))}
          />
          {way === "over" && (
            <label className="vams-over-share" htmlFor={id}>
              Line
              <input
                id={id}
                type="range"
                min={0}
                max={100}
                value={share}
                aria-valuetext={`${share} % of ${names.before}`}
                onChange={(event) => setShare(event.currentTarget.valueAsNumber)}
              />
            </label>
          )}
        </>
      }
      facts={
        <>
          <span>
            {names.before}: {sizeText(sizes.before)}
          </span>
          <span>
            {names.after}: {sizeText(sizes.after)}
          </span>
          {way === "difference" && <span>Black is the same in both</span>}
        </>
      }
    >
      <div className={way === "beside" ? "vams-two" : "vams-over"} data-way={way} {...handlers}>
        {half("before", way === "over" ? { clipPath: `inset(0 ${100 - share}% 0 0)` } : {})}
        {half(
          "after",
          way === "over"
            ? { clipPath: `inset(0 0 0 ${share}%)` }
            : way === "difference"
              ? { mixBlendMode: "difference" }
              : {},
        )}
        {way === "over" && <div className="vams-over-line" style={{ left: `${share}%` }} />}
      </div>
    </Frame>
  );
}
