// What keys do while a model has the focus.
import type { Stage } from "./Stage";

const TURN = Math.PI / 24;
const STEP = 0.05;

export type Camera = Pick<Stage, "orbit" | "pan" | "zoom" | "fit">;

export const KEYS_HELP =
  "Arrow keys turn the model, with Shift they move it; plus and minus zoom, F fits it to the window.";

/** False for keys that mean nothing here. */
export function pressKey(camera: Camera, key: string, shift: boolean): boolean {
  const move = (right: number, up: number) => {
    if (shift) camera.pan(right * STEP, up * STEP);
    else camera.orbit(right * TURN, -up * TURN);
  };
  switch (key) {
    case "ArrowLeft":
      move(-1, 0);
      return true;
    case "ArrowRight":
      move(1, 0);
      return true;
    case "ArrowUp":
      move(0, 1);
      return true;
    case "ArrowDown":
      move(0, -1);
      return true;
    case "+":
    case "=":
      camera.zoom(1 / 1.15);
      return true;
    case "-":
    case "_":
      camera.zoom(1.15);
      return true;
    case "f":
    case "F":
    case "Home":
      camera.fit();
      return true;
    default:
      return false;
  }
}
