// Moving a map by mouse, finger, wheel and keys.
import { useEffect, useRef, type KeyboardEvent, type PointerEvent, type RefObject } from "react";
import { pan, WORLD, settle, zoomAt, type MapView, type Point, type Size } from "./mercator";

/** Pixels that a hand may tremble. */
const STILL = 5;
const STEP = 80;

interface Drag {
  pointers: Map<number, Point>;
  moved: boolean;
}

function middle(points: Point[]): Point {
  const sum = points.reduce((a, b) => ({ x: a.x + b.x, y: a.y + b.y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

function spread([a, b]: Point[]): number {
  return a === undefined || b === undefined ? 0 : Math.hypot(a.x - b.x, a.y - b.y);
}

export function keyed(key: string, view: MapView, size: Size): MapView | null {
  const centre = { x: size.width / 2, y: size.height / 2 };
  switch (key) {
    case "ArrowLeft":
      return pan(view, size, -STEP, 0);
    case "ArrowRight":
      return pan(view, size, STEP, 0);
    case "ArrowUp":
      return pan(view, size, 0, -STEP);
    case "ArrowDown":
      return pan(view, size, 0, STEP);
    case "+":
    case "=":
      return zoomAt(view, size, 1, centre);
    case "-":
      return zoomAt(view, size, -1, centre);
    case "Home":
      return settle(WORLD, size);
    default:
      return null;
  }
}

export function useGestures(props: {
  frame: RefObject<HTMLElement>;
  view: MapView;
  size: Size;
  onView: (view: MapView) => void;
  /** Clicked, or confirmed with the keyboard in the middle. */
  onPoint?: ((point: Point, keyboard: boolean) => void) | undefined;
}) {
  const { frame, view, size, onView, onPoint } = props;
  const drag = useRef<Drag>({ pointers: new Map(), moved: false });
  const now = useRef({ view, size, onView });
  now.current = { view, size, onView };
  // Several events may come before the next picture.
  const become = (next: MapView) => {
    now.current.view = next;
    now.current.onView(next);
  };

  const pointOf = (event: { clientX: number; clientY: number }): Point => {
    const box = frame.current?.getBoundingClientRect();
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) };
  };

  // React's own listener could not keep the page from scrolling. A map that nobody works with lets
  // the page scroll.
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !element.contains(document.activeElement)) return;
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const at = { x: event.clientX - box.left, y: event.clientY - box.top };
      const { view, size, onView } = now.current;
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE;
      const steps = -(lines ? event.deltaY * 30 : event.deltaY) / 200;
      now.current.view = zoomAt(view, size, Math.max(-1, Math.min(1, steps)), at);
      onView(now.current.view);
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [frame]);

  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      const { pointers } = drag.current;
      if (pointers.size === 0) drag.current.moved = false;
      pointers.set(event.pointerId, pointOf(event));
    },
    onPointerMove: (event: PointerEvent) => {
      const { pointers } = drag.current;
      const before = [...pointers.values()];
      const from = pointers.get(event.pointerId);
      if (from === undefined) return;
      const to = pointOf(event);
      if (!drag.current.moved && Math.hypot(to.x - from.x, to.y - from.y) < STILL) return;
      if (!drag.current.moved) {
        drag.current.moved = true;
        frame.current?.setPointerCapture(event.pointerId);
      }
      pointers.set(event.pointerId, to);
      const after = [...pointers.values()];
      const [old, fresh] = [middle(before), middle(after)];
      let next = pan(now.current.view, size, old.x - fresh.x, old.y - fresh.y);
      if (spread(before) > 0)
        next = zoomAt(next, size, Math.log2(spread(after) / spread(before)), fresh);
      become(next);
    },
    onPointerUp: (event: PointerEvent) => drag.current.pointers.delete(event.pointerId),
    onPointerCancel: (event: PointerEvent) => drag.current.pointers.delete(event.pointerId),
    onClick: (event: { clientX: number; clientY: number }) => {
      if (!drag.current.moved) onPoint?.(pointOf(event), false);
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const next = keyed(event.key, now.current.view, size);
      if (next !== null) become(next);
      else if (onPoint !== undefined && (event.key === "Enter" || event.key === " "))
        onPoint({ x: size.width / 2, y: size.height / 2 }, true);
      else return;
      event.preventDefault();
    },
  };
}
