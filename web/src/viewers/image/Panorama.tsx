// Looking around within a picture: dragged, turned by keys, zoomed by the wheel.
import { useEffect, useId, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { Failure } from "../shared/Failure";
import { FORWARD, looked, narrowed, turned } from "./panorama";
import { Sphere } from "./sphere";
import type { Extent } from "./view";

export default function Panorama(props: {
  name: string;
  size: Extent;
  source: () => CanvasImageSource | null;
  content: unknown;
}) {
  const { size, source, content } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [sphere, setSphere] = useState<Sphere | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [gaze, setGaze] = useState(FORWARD);
  const held = useRef<{ x: number; y: number } | null>(null);
  const help = useId();
  const picture = useRef(source);
  picture.current = source;

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    let made: Sphere;
    try {
      made = new Sphere(element);
    } catch (error) {
      setProblem(error);
      return;
    }
    setSphere(made);
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      setGaze((now) => narrowed(now, Math.exp(event.deltaY / 800)));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      element.removeEventListener("wheel", onWheel);
      made.dispose();
    };
  }, []);
  useEffect(() => {
    const shown = picture.current();
    if (shown !== null) sphere?.show(shown, size);
  }, [sphere, size, content]);
  useEffect(() => sphere?.look(gaze), [sphere, gaze]);

  const onPointerDown = (event: PointerEvent) => {
    held.current = { x: event.clientX, y: event.clientY };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent) => {
    const from = held.current;
    if (from === null) return;
    held.current = { x: event.clientX, y: event.clientY };
    // What was taken hold of stays below the pointer.
    const degrees = gaze.angle / Math.max(1, event.currentTarget.clientHeight);
    const [x, y] = [event.clientX - from.x, event.clientY - from.y];
    setGaze((now) => turned(now, -x * degrees, y * degrees));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = looked(gaze, event.key);
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    setGaze(next);
  };
  if (problem !== null)
    return (
      <div className="vams-viewer-note vams-panorama-note">
        <Failure error={problem} />
      </div>
    );
  return (
    <>
      <canvas
        ref={canvas}
        className="vams-viewer-surface vams-panorama"
        role="img"
        aria-label={`Panorama ${props.name}`}
        aria-describedby={help}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={() => (held.current = null)}
        onPointerCancel={() => (held.current = null)}
      />
      <span id={help} className="vams-sr">
        Arrow keys look around, plus and minus zoom, 0 looks ahead again.
      </span>
      <div className="vams-compass" aria-hidden="true">
        {Math.round(gaze.around)}° {Math.round(gaze.up)}°
      </div>
    </>
  );
}
