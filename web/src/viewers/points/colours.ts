// What the colours of points say.
import type { Cloud } from "./cloud";

export type Mode = "colour" | "height" | "intensity" | "class" | "plain";

export const MODE_NAMES: Record<Mode, string> = {
  colour: "Their own colours",
  height: "Height",
  intensity: "Intensity",
  class: "Class",
  plain: "One colour",
};

export type Rgb = readonly [number, number, number];

/** From low to high; dark and light enough for either theme. */
export const RAMP: readonly Rgb[] = [
  [48, 78, 168],
  [28, 140, 170],
  [72, 172, 98],
  [226, 186, 60],
  [208, 76, 48],
];
const PLAIN: Rgb = [132, 146, 166];

/** Classes of the LAS standard that have a colour by custom. */
const CLASS_COLOURS = new Map<number, Rgb>([
  [0, [150, 150, 150]],
  [1, [176, 170, 160]],
  [2, [160, 112, 64]],
  [3, [150, 196, 92]],
  [4, [92, 164, 72]],
  [5, [44, 122, 62]],
  [6, [206, 84, 60]],
  [7, [200, 64, 170]],
  [9, [56, 122, 206]],
  [10, [120, 92, 140]],
  [11, [96, 104, 116]],
  [17, [222, 148, 52]],
  [18, [230, 90, 190]],
]);
export const CLASS_NAMES: readonly string[] = [
  "Never classified",
  "Unassigned",
  "Ground",
  "Low vegetation",
  "Medium vegetation",
  "High vegetation",
  "Building",
  "Low noise",
  "Key point",
  "Water",
  "Rail",
  "Road",
  "Overlap",
  "Wire guard",
  "Wire conductor",
  "Transmission tower",
  "Wire connector",
  "Bridge",
  "High noise",
];

export function colourOfClass(number: number): Rgb {
  const known = CLASS_COLOURS.get(number);
  if (known !== undefined) return known;
  const [low, high] = [RAMP[number % RAMP.length], RAMP[(number * 3 + 1) % RAMP.length]];
  return [0, 1, 2].map((i) => ((low?.[i] ?? 0) + (high?.[i] ?? 0)) / 2) as unknown as Rgb;
}

/** What can be told by colours, the best first. */
export function modesOf(cloud: Cloud): Mode[] {
  return [
    ...(cloud.colours === undefined ? [] : ["colour" as const]),
    ...(cloud.high[2] > cloud.low[2] ? ["height" as const] : []),
    ...(cloud.intensities === undefined ? [] : ["intensity" as const]),
    ...(cloud.classes?.some((one) => one !== 0) === true ? ["class" as const] : []),
    "plain",
  ];
}

/** How often each class occurs among the points that are shown, the most frequent first. */
export function classesOf(cloud: Cloud): { number: number; count: number }[] {
  const counts = new Array<number>(256).fill(0);
  for (const one of cloud.classes ?? []) counts[one] = (counts[one] ?? 0) + 1;
  return counts
    .map((count, number) => ({ number, count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}

/** The standard curve of screens, undone and stretched to 16 bits: what the graphics compute with. */
const LINEAR = Uint16Array.from({ length: 256 }, (_, byte) => {
  const part = byte / 255;
  return 65_535 * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
});

function rampTable(): Uint8Array {
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; ++i) {
    const at = (i / 255) * (RAMP.length - 1);
    const step = Math.min(RAMP.length - 2, Math.floor(at));
    for (let c = 0; c < 3; ++c) {
      const [from, to] = [RAMP[step]?.[c] ?? 0, RAMP[step + 1]?.[c] ?? 0];
      table[i * 3 + c] = from + (to - from) * (at - step);
    }
  }
  return table;
}

function greyTable(): Uint8Array {
  return Uint8Array.from({ length: 256 * 3 }, (_, i) => 24 + Math.floor(i / 3) * 0.9);
}

function classTable(): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, i) => i).reduce(
    (table, i) => {
      table.set(colourOfClass(i), i * 3);
      return table;
    },
    new Uint8Array(256 * 3),
  );
}

/** Red, green and blue of each point, as the graphics take them. */
export function paint(cloud: Cloud, mode: Mode): Uint16Array<ArrayBuffer> {
  const colours = new Uint16Array(cloud.shown * 3);
  const fill = (table: Uint8Array, indexOf: (point: number) => number) => {
    for (let point = 0; point < cloud.shown; ++point) {
      const index = indexOf(point) * 3;
      for (let c = 0; c < 3; ++c) colours[point * 3 + c] = LINEAR[table[index + c] ?? 0] ?? 0;
    }
  };
  const { positions, intensities, classes } = cloud;
  if (mode === "colour" && cloud.colours !== undefined)
    for (let i = 0; i < colours.length; ++i) colours[i] = LINEAR[cloud.colours[i] ?? 0] ?? 0;
  else if (mode === "height") {
    const low = cloud.low[2];
    const scale = 255 / (cloud.high[2] - low || 1);
    fill(rampTable(), (point) => Math.floor(((positions[point * 3 + 2] ?? 0) - low) * scale));
  } else if (mode === "intensity" && intensities !== undefined)
    fill(greyTable(), (point) => intensities[point] ?? 0);
  else if (mode === "class" && classes !== undefined)
    fill(classTable(), (point) => classes[point] ?? 0);
  else fill(Uint8Array.from(PLAIN), () => 0);
  return colours;
}
