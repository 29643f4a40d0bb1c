// Where a picture stands in its frame: how large, and how far from the middle.

export interface View {
  /** 1 fits the frame. */
  scale: number;
  x: number;
  y: number;
}

/** Of a picture or a frame. */
export interface Extent {
  width: number;
  height: number;
}

export const FITTED: View = { scale: 1, x: 0, y: 0 };
const SMALLEST = 0.2;
const LARGEST = 64;

/** The point of the picture below (x, y), counted from the middle of the frame, stays there. */
export function zoomed(view: View, factor: number, x = 0, y = 0): View {
  const scale = Math.min(LARGEST, Math.max(SMALLEST, view.scale * factor));
  const by = scale / view.scale;
  return { scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by };
}

export function moved(view: View, x: number, y: number): View {
  return { ...view, x: view.x + x, y: view.y + y };
}

/** Points of the frame for a pixel of the picture that fits. */
export function fitting(frame: Extent, picture: Extent): number {
  if (picture.width === 0 || picture.height === 0) return 1;
  return Math.min(frame.width / picture.width, frame.height / picture.height) || 1;
}

/** One pixel of the picture on one of the screen, whose pixels are `1 / ratio` points. */
export function actualSize(view: View, frame: Extent, picture: Extent, ratio: number): View {
  const scale = 1 / (fitting(frame, picture) * ratio);
  return zoomed(view, scale / view.scale);
}

/** The pixel at a point counted from the middle of the frame; null beside the picture. */
export function pixelAt(
  view: View,
  frame: Extent,
  picture: Extent,
  x: number,
  y: number,
): [number, number] | null {
  const points = fitting(frame, picture) * view.scale;
  const column = Math.floor((x - view.x) / points + picture.width / 2);
  const row = Math.floor((y - view.y) / points + picture.height / 2);
  const inside = column >= 0 && row >= 0 && column < picture.width && row < picture.height;
  return inside ? [column, row] : null;
}

const STEP = 40;

/** What a key makes of the view; null for keys that mean nothing here. */
export function pressed(view: View, key: string): View | null {
  switch (key) {
    case "+":
    case "=":
      return zoomed(view, 1.25);
    case "-":
    case "_":
      return zoomed(view, 0.8);
    case "0":
    case "f":
    case "F":
    case "Home":
      return FITTED;
    case "ArrowLeft":
      return moved(view, STEP, 0);
    case "ArrowRight":
      return moved(view, -STEP, 0);
    case "ArrowUp":
      return moved(view, 0, STEP);
    case "ArrowDown":
      return moved(view, 0, -STEP);
    default:
      return null;
  }
}
