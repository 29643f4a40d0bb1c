// Draws models into a canvas and looks at them from where the user wants. Draws only when something has
// changed, so that a page left open costs nothing. Tools stand beside it (section, measure, box, player)
// and use what is public here.
import {
  Box3,
  DirectionalLight,
  Group,
  NeutralToneMapping,
  PerspectiveCamera,
  PMREMGenerator,
  Scene,
  Sphere,
  Spherical,
  Vector3,
  WebGLRenderer,
  type Plane,
} from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import { RoomEnvironment } from "three/examples/jsm/environments/RoomEnvironment.js";
import { CannotShow } from "../file";
import { boundsOf, type Model } from "./model";

const VIEW_ANGLE = 40;
const TURN_SECONDS = 24;
const MAX_RATIO = 2;
/** A preview need not be larger. */
const PICTURE_SIDE = 2048;

/** From where one looks, as a direction from the model; y is up. */
export const VIEWS = {
  corner: [0.8, 0.55, 1],
  front: [0, 0, 1],
  back: [0, 0, -1],
  left: [-1, 0, 0],
  right: [1, 0, 0],
  // Not straight along the upward axis, around which nothing could be turned.
  top: [0, 1, 0.0001],
  bottom: [0, -1, 0.0001],
} as const satisfies Record<string, readonly [number, number, number]>;
export type ViewName = keyof typeof VIEWS;

export type Shown = Pick<Model, "object"> & Partial<Pick<Model, "bounds" | "beforeDraw">>;

function rendererFor(canvas: HTMLCanvasElement): WebGLRenderer {
  try {
    return new WebGLRenderer({ canvas, antialias: true, alpha: true });
  } catch {
    throw new CannotShow(
      "This browser draws no 3D graphics.",
      "Turn on WebGL or hardware acceleration in its settings, or use another browser.",
    );
  }
}

export class Stage {
  readonly renderer: WebGLRenderer;
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(VIEW_ANGLE);
  readonly controls: OrbitControls;
  /** What is shown, upright. */
  readonly models = new Group();
  /** Lines and marks of tools: drawn over the models, never cut, no part of what is measured. */
  readonly marks = new Scene();
  /** What lies behind them is not drawn. */
  planes: readonly Plane[] = [];
  private readonly sizes: ResizeObserver;
  private readonly before = new Set<(seconds: number) => boolean>();
  private readonly after = new Set<() => void>();
  private shown: readonly Shown[] = [];
  /** Of each model, as it came: to find them takes a look at every vertex. */
  private boxes: Box3[] = [];
  private frame = 0;
  private last = 0;
  private turning = false;
  private over = false;

  /** Throws CannotShow in a browser without WebGL. */
  constructor(readonly canvas: HTMLCanvasElement) {
    this.renderer = rendererFor(canvas);
    this.renderer.toneMapping = NeutralToneMapping;
    this.renderer.autoClear = false;
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.addEventListener("change", this.draw);
    this.light();
    this.scene.add(this.models, this.camera);
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(canvas.parentElement ?? canvas);
    this.resize();
  }

  private light(): void {
    const room = new RoomEnvironment();
    const generator = new PMREMGenerator(this.renderer);
    this.scene.environment = generator.fromScene(room, 0.04).texture;
    this.scene.environmentIntensity = 0.6;
    generator.dispose();
    room.dispose();
    // From over the shoulder, wherever one looks from.
    const lamp = new DirectionalLight(0xffffff, 0.9);
    lamp.position.set(1, 1.5, 1);
    this.camera.add(lamp);
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement ?? this.canvas;
    if (width === 0 || height === 0) return;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, MAX_RATIO));
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.draw();
  }

  // ---- Drawing ----------------------------------------------------------------------------------

  /** With the next picture of the screen. */
  readonly draw = (): void => {
    if (this.frame === 0 && !this.over) this.frame = requestAnimationFrame(this.drawNow);
  };

  /** `work` runs before each drawing, with the time since the last; while it says true, all is drawn on. */
  beforeDraw(work: (seconds: number) => boolean): () => void {
    this.before.add(work);
    this.draw();
    return () => void this.before.delete(work);
  }

  /** `work` runs after each drawing: for labels of HTML that follow the view, and linked cameras. */
  afterDraw(work: () => void): () => void {
    this.after.add(work);
    this.draw();
    return () => void this.after.delete(work);
  }

  private readonly drawNow = (now = performance.now()): void => {
    this.frame = 0;
    const seconds = Math.max(0, Math.min((now - this.last) / 1000, 0.1));
    this.last = now;
    if (this.turning) this.orbit((seconds * 2 * Math.PI) / TURN_SECONDS, 0);
    let again = false;
    for (const work of this.before) again = work(seconds) || again;
    for (const one of this.shown)
      again = (one.beforeDraw?.(this.camera, this.renderer) ?? false) || again;
    this.render();
    for (const work of this.after) work();
    if (again) this.draw();
  };

  private render(): void {
    this.renderer.clear();
    this.renderer.clippingPlanes = [...this.planes];
    this.renderer.render(this.scene, this.camera);
    this.renderer.clippingPlanes = [];
    this.renderer.render(this.marks, this.camera);
  }

  cut(planes: readonly Plane[]): void {
    this.planes = planes;
    this.draw();
  }

  // ---- What is shown ----------------------------------------------------------------------------

  /** Instead of what was shown before; the models stay the caller's. */
  show(models: readonly Shown[]): void {
    this.shown = models;
    this.models.clear();
    this.boxes = models.map(({ object, bounds }) =>
      bounds === undefined ? boundsOf(object) : new Box3(),
    );
    if (models.length > 0) this.models.add(...models.map((model) => model.object));
    this.look("corner");
  }

  /** Of all that is shown, in the coordinates of the scene. */
  bounds(): Box3 {
    const all = new Box3();
    this.models.updateWorldMatrix(true, false);
    this.shown.forEach(({ object, bounds }, index) => {
      const box = this.boxes[index];
      if (bounds !== undefined) {
        object.updateWorldMatrix(true, false);
        all.union(bounds().applyMatrix4(object.matrixWorld));
      } else if (box !== undefined && !box.isEmpty())
        all.union(box.clone().applyMatrix4(this.models.matrixWorld));
    });
    return all;
  }

  setZUp(on: boolean): void {
    this.models.rotation.x = on ? -Math.PI / 2 : 0;
    this.fit();
  }

  // ---- The camera -------------------------------------------------------------------------------

  /** All of `what` into the picture, from where one looks now or from `from`. */
  fit(from = this.camera.position.clone().sub(this.controls.target), what = this.bounds()): void {
    const ball = what.getBoundingSphere(new Sphere());
    const radius = ball.radius > 0 ? ball.radius : 1;
    if (from.lengthSq() === 0) from.set(...VIEWS.corner);
    const narrow = Math.min(1, this.camera.aspect);
    const half = Math.atan(Math.tan((VIEW_ANGLE * Math.PI) / 360) * narrow);
    const distance = (radius / Math.sin(half)) * 1.05;
    this.camera.near = distance / 1000;
    this.camera.far = distance * 100;
    this.camera.updateProjectionMatrix();
    this.controls.minDistance = radius / 100;
    this.controls.maxDistance = distance * 20;
    const centre = what.isEmpty() ? new Vector3() : ball.center;
    this.controls.target.copy(centre);
    this.camera.position.copy(centre).addScaledVector(from.normalize(), distance);
    this.moved();
  }

  look(view: ViewName, what?: Box3): void {
    this.fit(new Vector3(...VIEWS[view]), what);
  }

  /** Around what is looked at, by angles. */
  orbit(around: number, over: number): void {
    const arm = this.camera.position.clone().sub(this.controls.target);
    const at = new Spherical().setFromVector3(arm);
    at.theta += around;
    at.phi += over;
    at.makeSafe();
    this.camera.position.copy(this.controls.target).add(arm.setFromSpherical(at));
    this.moved();
  }

  zoom(factor: number): void {
    const arm = this.camera.position.clone().sub(this.controls.target).multiplyScalar(factor);
    arm.clampLength(this.controls.minDistance, this.controls.maxDistance);
    this.camera.position.copy(this.controls.target).add(arm);
    this.moved();
  }

  /** Sideways, by parts of what is in sight. */
  pan(right: number, up: number): void {
    const distance = this.camera.position.distanceTo(this.controls.target);
    const [side, above] = [new Vector3(), new Vector3()];
    this.camera.matrix.extractBasis(side, above, new Vector3());
    const step = side.multiplyScalar(right * distance).addScaledVector(above, up * distance);
    this.camera.position.add(step);
    this.controls.target.add(step);
    this.moved();
  }

  /** Looks as another stage does. */
  follow(other: Stage): void {
    const { camera, controls } = other;
    this.camera.position.copy(camera.position);
    this.camera.near = camera.near;
    this.camera.far = camera.far;
    this.camera.updateProjectionMatrix();
    this.controls.target.copy(controls.target);
    this.controls.minDistance = controls.minDistance;
    this.controls.maxDistance = controls.maxDistance;
    this.moved();
  }

  private moved(): void {
    this.controls.update();
    this.draw();
  }

  setTurning(on: boolean): void {
    this.turning = on;
    this.last = performance.now();
    this.draw();
  }

  // ---- Pictures ---------------------------------------------------------------------------------

  /** What is seen, on `background`. */
  picture(background: string, type = "image/png"): Promise<Blob> {
    this.render();
    const { width, height } = this.canvas;
    const scale = Math.min(1, PICTURE_SIDE / Math.max(width, height, 1));
    const copy = document.createElement("canvas");
    copy.width = Math.max(1, Math.round(width * scale));
    copy.height = Math.max(1, Math.round(height * scale));
    const context = copy.getContext("2d");
    if (context !== null) {
      context.fillStyle = background;
      context.fillRect(0, 0, copy.width, copy.height);
      context.drawImage(this.canvas, 0, 0, copy.width, copy.height);
    }
    return new Promise((resolve, reject) => {
      copy.toBlob((blob) => {
        if (blob === null) reject(new Error("The browser made no picture."));
        else resolve(blob);
      }, type);
    });
  }

  dispose(): void {
    this.over = true;
    cancelAnimationFrame(this.frame);
    this.sizes.disconnect();
    this.before.clear();
    this.after.clear();
    this.controls.removeEventListener("change", this.draw);
    this.controls.dispose();
    this.scene.environment?.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }
}
