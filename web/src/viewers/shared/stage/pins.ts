// Words and dots of HTML that stay at their places in space while the view moves. What they say stands
// in a panel too, for those who do not see them.
import type { Vector3 } from "three";
import type { Stage } from "./Stage";

export interface Pin {
  move: (at: Vector3) => void;
  say: (text: string) => void;
  remove: () => void;
}

export class Pins {
  private readonly layer = document.createElement("div");
  private readonly places = new Map<HTMLElement, Vector3>();
  private readonly stop: () => void;

  constructor(private readonly stage: Pick<Stage, "canvas" | "camera" | "draw" | "afterDraw">) {
    this.layer.className = "vams-pins";
    this.layer.setAttribute("aria-hidden", "true");
    stage.canvas.parentElement?.append(this.layer);
    this.stop = stage.afterDraw(() => this.place());
  }

  add(kind: "dot" | "text" | "note", at: Vector3, text = ""): Pin {
    const element = document.createElement("span");
    element.className = `vams-pin-${kind}`;
    element.textContent = text;
    element.hidden = true;
    this.layer.append(element);
    this.places.set(element, at.clone());
    this.stage.draw();
    return {
      move: (to) => {
        this.places.set(element, to.clone());
        this.stage.draw();
      },
      say: (next) => {
        element.textContent = next;
      },
      remove: () => {
        this.places.delete(element);
        element.remove();
      },
    };
  }

  private place(): void {
    const { clientWidth: width, clientHeight: height } = this.layer;
    for (const [element, at] of this.places) {
      const seen = at.clone().project(this.stage.camera);
      const x = ((seen.x + 1) / 2) * width;
      const y = ((1 - seen.y) / 2) * height;
      // Behind the view, or nowhere.
      element.hidden = !(seen.z <= 1 && Number.isFinite(x + y));
      element.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
    }
  }

  dispose(): void {
    this.stop();
    this.places.clear();
    this.layer.remove();
  }
}
