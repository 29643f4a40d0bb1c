// What tells how large things on a map are: lines of round degrees, and a bar of a round length.
import { boundsOf, metresPerPixel, project, worldSize, type MapView, type Size } from "./mercator";

const STEPS = [90, 60, 30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
const APART = 80;
const LONGEST_BAR = 110;

export interface GridLine {
  /** Pixels from the left, or from the top. */
  at: number;
  text: string;
}

function written(degrees: number, step: number, signs: string): string {
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const sign = degrees === 0 ? "" : (signs[degrees > 0 ? 0 : 1] ?? "");
  return `${Math.abs(degrees).toFixed(digits)}°${sign === "" ? "" : ` ${sign}`}`;
}

export function gridLines(view: MapView, size: Size): { columns: GridLine[]; rows: GridLine[] } {
  const pixels = worldSize(view.zoom) / 360;
  const step = [...STEPS].reverse().find((degrees) => degrees * pixels >= APART) ?? 90;
  const bounds = boundsOf(view, size);
  const span = size.width / pixels;
  const from =
    bounds.west <= bounds.east && span < 360 ? bounds.west : (view.x - 0.5) * 360 - span / 2;
  const columns: GridLine[] = [];
  for (let n = Math.ceil(from / step); n * step <= from + span; ++n) {
    const long = n * step;
    const turned = long - 360 * Math.round(long / 360);
    columns.push({
      at: size.width / 2 + (long - (view.x - 0.5) * 360) * pixels,
      text: written(turned, step, "EW"),
    });
  }
  const rows: GridLine[] = [];
  for (let n = Math.ceil(bounds.south / step); n * step <= bounds.north; ++n) {
    const [point] = project(view, size, [{ lat: n * step, long: 0 }]);
    rows.push({ at: point?.y ?? 0, text: written(n * step, step, "NS") });
  }
  return { columns, rows };
}

export function scaleBar(view: MapView): { width: number; text: string } {
  const metres = metresPerPixel(view) * LONGEST_BAR;
  const power = 10 ** Math.floor(Math.log10(metres));
  const length = ([5, 2, 1].find((factor) => factor * power <= metres) ?? 1) * power;
  return {
    width: (length / metres) * LONGEST_BAR,
    text: length >= 1000 ? `${(length / 1000).toLocaleString("en-GB")} km` : `${length} m`,
  };
}
