// Where the tiles of a list stand: all have one size, so that the place of any of them is known
// without the others.

export type Layout = "grid" | "cards";

export interface Geometry {
  columns: number;
  /** Pixels, of one tile. */
  width: number;
  height: number;
  /** From the top of a row to the top of the next. */
  pitch: number;
  /** That the page has room for. */
  rows: number;
  /** Items that stand in no row. */
  left: number;
}

const GAP = 16;
/** Below this width of the list, tiles are smaller, as phones have it. */
const NARROW = 560;
const LEAST: Record<Layout, { wide: number; narrow: number }> = {
  grid: { wide: 210, narrow: 150 },
  cards: { wide: 340, narrow: 260 },
};
const CAPTION = 74;
const CARD = 178;
const HIGHLIGHT = 40;
/** Pages much higher than this lose their end in some browsers. */
export const MOST_HEIGHT = 15_000_000;

function heightOf(layout: Layout, width: number, explain: boolean): number {
  const bare = layout === "cards" ? CARD : Math.round((width - 2) * 0.75) + CAPTION;
  return bare + (explain ? HIGHLIGHT : 0);
}

/** `room`: the width of the list. */
export function layOut(layout: Layout, room: number, total: number, explain: boolean): Geometry {
  const least = LEAST[layout][room < NARROW ? "narrow" : "wide"];
  const columns = Math.max(1, Math.floor((room + GAP) / (least + GAP)));
  const width = Math.max(0, (room - GAP * (columns - 1)) / columns);
  const height = heightOf(layout, width, explain);
  const pitch = height + GAP;
  const rows = Math.min(Math.ceil(total / columns), Math.floor(MOST_HEIGHT / pitch));
  return { columns, width, height, pitch, rows, left: Math.max(0, total - rows * columns) };
}

export function leftOf(column: number, { width }: Geometry): number {
  return column * (width + GAP);
}
