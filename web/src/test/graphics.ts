// Stands in for the graphics that jsdom lacks: remembers what it was asked to draw, and draws nothing.
// In a test: vi.mock("three", async (load) => ({
//   ...(await load<object>()), ...(await import(".../test/graphics")).replaced }));
import { Texture, type Camera, type Plane, type Scene } from "three";
import { vi } from "vitest";

export const drawn = {
  /** Renderers that were not given back. */
  live: 0,
  refused: false,
  camera: null as Camera | null,
  scene: null as Scene | null,
  planes: [] as readonly Plane[],
};

class Renderer {
  clippingPlanes: readonly Plane[] = [];
  constructor() {
    if (drawn.refused) throw new Error("no WebGL");
    ++drawn.live;
  }
  clear() {}
  setSize() {}
  setPixelRatio() {}
  forceContextLoss() {}
  render(scene: Scene, camera: Camera) {
    // Marks of tools come second, uncut.
    if (scene.environment === null) return;
    Object.assign(drawn, { scene, camera, planes: this.clippingPlanes });
  }
  dispose() {
    --drawn.live;
  }
}

class Generator {
  fromScene = () => ({ texture: new Texture() });
  dispose() {}
}

export const replaced = { WebGLRenderer: Renderer, PMREMGenerator: Generator };

export function resetGraphics(): void {
  Object.assign(drawn, { live: 0, refused: false, camera: null, scene: null, planes: [] });
  // Lists draw only the lines that have room.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(300);
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
}
