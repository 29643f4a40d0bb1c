export const SIDE: number;
export const COUNT: number;
export function point(index: number): {
  x: number;
  y: number;
  z: number;
  colour: [number, number, number];
  intensity: number;
  kind: number;
};
export function lasFile(count?: number): Uint8Array<ArrayBuffer>;
export function pcdFile(data: "ascii" | "binary", count?: number): Uint8Array<ArrayBuffer>;
export function xyzFile(): string;
