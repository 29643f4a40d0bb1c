// Draws a picture onto the inside of a sphere, around who looks. Draws only when something changed.
import {
  CanvasTexture,
  MathUtils,
  Mesh,
  MeshBasicMaterial,
  PerspectiveCamera,
  Scene,
  SphereGeometry,
  SRGBColorSpace,
  WebGLRenderer,
} from "three";
import { CannotShow } from "../shared/file";
import type { Gaze } from "./panorama";
import type { Extent } from "./view";

const RADIUS = 10;

export class Sphere {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera();
  private readonly material = new MeshBasicMaterial();
  private readonly geometry = new SphereGeometry(RADIUS, 96, 64);
  private readonly sizes: ResizeObserver;
  private frame = 0;
  private over = false;

  /** Throws CannotShow in a browser without WebGL. */
  constructor(private readonly canvas: HTMLCanvasElement) {
    try {
      this.renderer = new WebGLRenderer({ canvas, antialias: true });
    } catch {
      throw new CannotShow(
        "This browser draws no 3D graphics.",
        "Turn on WebGL or hardware acceleration in its settings, or look at the flat picture.",
      );
    }
    // Seen from within, left and right would be exchanged.
    this.geometry.scale(-1, 1, 1);
    this.scene.add(new Mesh(this.geometry, this.material));
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(canvas.parentElement ?? canvas);
    this.resize();
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement ?? this.canvas;
    if (width === 0 || height === 0) return;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.draw();
  }

  /** No larger than graphics cards take. */
  show(picture: CanvasImageSource, size: Extent): void {
    const most = this.renderer.capabilities.maxTextureSize;
    const by = Math.min(1, most / size.width, most / size.height);
    const copy = document.createElement("canvas");
    copy.width = Math.max(1, Math.round(size.width * by));
    copy.height = Math.max(1, Math.round(size.height * by));
    copy.getContext("2d")?.drawImage(picture, 0, 0, copy.width, copy.height);
    this.material.map?.dispose();
    const texture = new CanvasTexture(copy);
    texture.colorSpace = SRGBColorSpace;
    this.material.map = texture;
    this.material.needsUpdate = true;
    this.draw();
  }

  look(gaze: Gaze): void {
    this.camera.fov = gaze.angle;
    this.camera.updateProjectionMatrix();
    const up = MathUtils.degToRad(gaze.up);
    const around = MathUtils.degToRad(gaze.around);
    // The middle of the picture is ahead, its right half to the right.
    this.camera.lookAt(
      -RADIUS * Math.cos(up) * Math.cos(around),
      RADIUS * Math.sin(up),
      -RADIUS * Math.cos(up) * Math.sin(around),
    );
    this.draw();
  }

  private readonly draw = (): void => {
    if (this.frame !== 0 || this.over) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.renderer.render(this.scene, this.camera);
    });
  };

  dispose(): void {
    this.over = true;
    cancelAnimationFrame(this.frame);
    this.sizes.disconnect();
    this.material.map?.dispose();
    this.material.dispose();
    this.geometry.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }
}
