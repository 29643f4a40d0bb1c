// Pictures that go around the viewer: whole spheres, twice as wide as high.
import type { Extent } from "./view";

export function mayBePanorama({ width, height }: Extent): boolean {
  return height >= 64 && Math.abs(width / height - 2) < 0.02;
}

/** Cameras write it into the first part of the file. */
export const HEAD_BYTES = 262_144;

/** Whether the file says that it is such a picture. */
export function saysPanorama(head: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(head.subarray(0, HEAD_BYTES));
  return /ProjectionType(?:>|\s*=\s*["'])\s*equirectangular/i.test(text);
}

/** Where one looks: angles in degrees, and how wide the view is. */
export interface Gaze {
  around: number;
  up: number;
  angle: number;
}

export const FORWARD: Gaze = { around: 0, up: 0, angle: 75 };
const NARROW = 15;
const WIDE = 110;

export function turned(gaze: Gaze, around: number, up: number): Gaze {
  return {
    ...gaze,
    around: (((gaze.around + around) % 360) + 360) % 360,
    up: Math.min(89, Math.max(-89, gaze.up + up)),
  };
}

export function narrowed(gaze: Gaze, factor: number): Gaze {
  return { ...gaze, angle: Math.min(WIDE, Math.max(NARROW, gaze.angle * factor)) };
}

/** What a key makes of the gaze; null for keys that mean nothing here. */
export function looked(gaze: Gaze, key: string): Gaze | null {
  const step = gaze.angle / 12;
  switch (key) {
    case "ArrowLeft":
      return turned(gaze, -step, 0);
    case "ArrowRight":
      return turned(gaze, step, 0);
    case "ArrowUp":
      return turned(gaze, 0, step);
    case "ArrowDown":
      return turned(gaze, 0, -step);
    case "+":
    case "=":
      return narrowed(gaze, 0.8);
    case "-":
    case "_":
      return narrowed(gaze, 1.25);
    case "0":
    case "Home":
      return FORWARD;
    default:
      return null;
  }
}
