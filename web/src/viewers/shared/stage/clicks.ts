// Clicks into a view that is turned by dragging.

/** A pointer that moved farther than this between down and up turned the view. */
const STILL = 5;

export function onClick(
  canvas: HTMLCanvasElement,
  signal: AbortSignal,
  work: (x: number, y: number) => void,
): void {
  let down: { x: number; y: number } | null = null;
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      const plain = event.isPrimary && event.button === 0;
      down = plain ? { x: event.clientX, y: event.clientY } : null;
    },
    { signal },
  );
  canvas.addEventListener(
    "pointerup",
    ({ clientX: x, clientY: y }) => {
      const from = down;
      down = null;
      if (from !== null && Math.hypot(x - from.x, y - from.y) <= STILL) work(x, y);
    },
    { signal },
  );
}
