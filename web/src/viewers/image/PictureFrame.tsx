// A picture with zoom and pan, the colour below the pointer, and the way into a panorama.
import Button from "@cloudscape-design/components/button";
import ToggleButton from "@cloudscape-design/components/toggle-button";
import {
  lazy,
  Suspense,
  useEffect,
  useId,
  useRef,
  useState,
  type CSSProperties,
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
} from "react";
import { formatCount } from "../../ui/format";
import { Failure } from "../shared/Failure";
import { Frame, Waiting } from "../shared/Frame";
import { Guard } from "../shared/Guard";
import { mayBePanorama } from "./panorama";
import {
  actualSize,
  fitting,
  FITTED,
  moved,
  pixelAt,
  pressed,
  zoomed,
  type Extent,
  type View,
} from "./view";

const Panorama = lazy(() => import("./Panorama"));

/** From so many points for a pixel on, pixels are squares. */
const SQUARES = 3;

export interface PictureProps {
  name: string;
  /** Null until the picture is there. */
  size: Extent | null;
  failure: unknown;
  onRetry?: () => void;
  /** The file says that it goes all around. */
  panorama: boolean;
  draw: (style: CSSProperties) => ReactNode;
  /** What `draw` has made. */
  source: () => HTMLImageElement | HTMLCanvasElement | null;
  /** Another one when the picture looks different. */
  content: unknown;
  read: (x: number, y: number) => string;
  tools?: ReactNode;
  facts?: ReactNode;
}

interface Pixel {
  x: number;
  y: number;
  value: string;
}

function extentOf(element: HTMLElement | null): Extent {
  return { width: element?.clientWidth ?? 0, height: element?.clientHeight ?? 0 };
}

/** From the middle of the element. */
function middleOf(element: Element, event: { clientX: number; clientY: number }): [number, number] {
  const box = element.getBoundingClientRect();
  return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
}

/** Fingers and mouse: one moves the picture, two zoom it. */
function useGrip(setView: (change: (view: View) => View) => void) {
  const held = useRef(new Map<number, { x: number; y: number }>());
  const spread = () => {
    const [a, b] = [...held.current.values()];
    return a === undefined || b === undefined ? 0 : Math.hypot(a.x - b.x, a.y - b.y);
  };
  return {
    down: (event: PointerEvent) => {
      held.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    move: (event: PointerEvent) => {
      const from = held.current.get(event.pointerId);
      if (from === undefined) return;
      const before = spread();
      held.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const [x, y] = middleOf(event.currentTarget, event);
      const by = before > 0 ? spread() / before : 1;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      setView((view) => (before > 0 ? zoomed(view, by, x, y) : moved(view, dx, dy)));
    },
    up: (event: PointerEvent) => held.current.delete(event.pointerId),
  };
}

function Flat(props: PictureProps & { view: View; setView: (change: (v: View) => View) => void }) {
  const { name, size, view, setView } = props;
  const surface = useRef<HTMLDivElement>(null);
  const grip = useGrip(setView);
  const help = useId();
  const [pixel, setPixel] = useState<Pixel | null>(null);

  useEffect(() => {
    const element = surface.current;
    if (element === null) return;
    // Not through React, whose listeners for the wheel may not keep the page from scrolling.
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const [x, y] = middleOf(element, event);
      setView((now) => zoomed(now, Math.exp(-event.deltaY / 400), x, y));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [setView]);

  const onPointerMove = (event: PointerEvent) => {
    grip.move(event);
    if (size === null) return;
    const [x, y] = middleOf(event.currentTarget, event);
    const at = pixelAt(view, extentOf(surface.current), size, x, y);
    setPixel(at === null ? null : { x: at[0], y: at[1], value: props.read(at[0], at[1]) });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next =
      event.key === "1" && size !== null
        ? actualSize(view, extentOf(surface.current), size, devicePixelRatio)
        : pressed(view, event.key);
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    setView(() => next);
  };
  const points = size === null ? 1 : fitting(extentOf(surface.current), size) * view.scale;
  return (
    <>
      <div
        ref={surface}
        className="vams-viewer-surface vams-image"
        role="group"
        aria-label={`Picture ${name}`}
        aria-describedby={help}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerDown={grip.down}
        onPointerMove={onPointerMove}
        onPointerUp={grip.up}
        onPointerCancel={grip.up}
        onPointerLeave={() => setPixel(null)}
        hidden={props.failure !== null}
      >
        {props.draw({
          transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})`,
          imageRendering: points >= SQUARES ? "pixelated" : "auto",
        })}
      </div>
      <span id={help} className="vams-sr">
        Plus and minus zoom, 1 shows every pixel as one of the screen, arrow keys move the picture,
        0 fits it to the window.
      </span>
      {pixel !== null && (
        <div className="vams-pixel" aria-hidden="true">
          {pixel.value.startsWith("#") && <i style={{ background: pixel.value }} />}
          {pixel.x}, {pixel.y}: {pixel.value}
        </div>
      )}
    </>
  );
}

export function PictureFrame(props: PictureProps) {
  const { name, size, failure } = props;
  const [view, setView] = useState(FITTED);
  const [choice, setChoice] = useState<boolean | null>(null);
  const body = useRef<HTMLDivElement>(null);
  const around = size !== null && failure === null && (choice ?? props.panorama);
  const show11 = () => {
    if (size !== null) setView(actualSize(view, extentOf(body.current), size, devicePixelRatio));
  };
  return (
    <Frame
      label={`Picture ${name}`}
      tools={
        <>
          {!around && (
            <>
              <Button iconName="zoom-to-fit" onClick={() => setView(FITTED)}>
                Fit
              </Button>
              <Button ariaLabel="1:1, every pixel as one of the screen" onClick={show11}>
                1:1
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
            </>
          )}
          {size !== null && mayBePanorama(size) && (
            <ToggleButton pressed={around} onChange={({ detail }) => setChoice(detail.pressed)}>
              Panorama
            </ToggleButton>
          )}
          {props.tools}
        </>
      }
      facts={
        size !== null && (
          <>
            <span>
              {formatCount(size.width)} × {formatCount(size.height)} pixels
            </span>
            {props.facts}
          </>
        )
      }
    >
      <div ref={body} className="vams-picture-body">
        {/* Kept for what the panorama is made of, but out of the way of keys. */}
        <div style={{ visibility: around ? "hidden" : "visible" }}>
          <Flat {...props} view={view} setView={setView} />
        </div>
        {around && (
          <Guard>
            <Suspense fallback={<Waiting />}>
              <Panorama name={name} size={size} source={props.source} content={props.content} />
            </Suspense>
          </Guard>
        )}
      </div>
      {failure !== null && (
        <div className="vams-viewer-note">
          <Failure
            error={failure}
            {...(props.onRetry === undefined ? {} : { onRetry: props.onRetry })}
          />
        </div>
      )}
      {failure === null && size === null && <Waiting />}
    </Frame>
  );
}
