// A cloud of points on the stage: read in a worker, thinned, and coloured by what its points say.
import { Box3, BufferAttribute, BufferGeometry, Points, PointsMaterial, Vector3 } from "three";
import { extensionOf, formatCount } from "../../ui/format";
import type { ViewerFile } from "../registry";
import { damaged } from "../shared/damaged";
import { readFile } from "../shared/file";
import { disposeOf, factsOf, type LoadOptions, type Model } from "../shared/stage/model";
import { inWorker } from "../shared/worker";
import type { Cloud } from "./cloud";
import { modesOf, paint, type Mode } from "./colours";
import type { CloudTask } from "./worker";

const LIMIT = 1_000_000_000;
export const BUDGETS = [500_000, 2_000_000, 5_000_000, 10_000_000] as const;
const USUAL_BUDGET = 2_000_000;
/** Fewer points are drawn larger, so that surfaces close. */
const usualSize = (count: number) => (count < 50_000 ? 4 : count < 500_000 ? 3 : 2);
const STANDARD_CLASSES = new Set([".las", ".laz"]);

export interface CloudModel extends Model {
  cloud: Cloud;
  mode: Mode;
  size: number;
  budget: number;
  /** The numbers of its classes have the meaning that the LAS standard gives them. */
  standardClasses: boolean;
  setMode: (mode: Mode) => void;
  /** In pixels of the screen. */
  setSize: (pixels: number) => void;
  /** Reads the file's points again, more or fewer. */
  setBudget: (points: number) => Promise<void>;
}

export function isCloud(model: Model): model is CloudModel {
  return "cloud" in model;
}

/** Round, and of the colours that the points have, whatever light is there. */
function materialFor(size: number): PointsMaterial {
  const material = new PointsMaterial({ size, sizeAttenuation: false, vertexColors: true });
  material.toneMapped = false;
  material.onBeforeCompile = (shader) => {
    shader.fragmentShader = shader.fragmentShader.replace(
      "#include <clipping_planes_fragment>",
      "#include <clipping_planes_fragment>\nif (length(gl_PointCoord - 0.5) > 0.5) discard;",
    );
  };
  return material;
}

function geometryOf(cloud: Cloud, mode: Mode): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(cloud.positions, 3));
  geometry.setAttribute("color", new BufferAttribute(paint(cloud, mode), 3, true));
  return geometry;
}

function notesOf({ cloud, budget }: CloudModel): string[] {
  if (cloud.shown >= cloud.total) return [];
  const [shown, total] = [cloud.shown, cloud.total].map(formatCount);
  return [`${shown} of ${total} points are drawn (at most ${formatCount(budget)})`];
}

function modelOf(
  first: Cloud,
  extension: string,
  read: (budget: number) => Promise<Cloud>,
): CloudModel {
  const modes = modesOf(first);
  const mode = modes[0] ?? "plain";
  const size = usualSize(first.shown);
  const points = new Points(geometryOf(first, mode), materialFor(size));
  points.position.set(...first.origin);
  const facts = factsOf(points);
  if (facts === null) throw new RangeError("it holds no points");
  const model: CloudModel = {
    object: points,
    facts: { ...facts, points: first.total },
    zUp: true,
    cloud: first,
    mode,
    size,
    budget: USUAL_BUDGET,
    standardClasses: STANDARD_CLASSES.has(extension),
    notes: () => notesOf(model),
    bounds: () => new Box3(new Vector3(...model.cloud.low), new Vector3(...model.cloud.high)),
    setMode: (wanted) => {
      model.mode = wanted;
      const colours = paint(model.cloud, wanted);
      points.geometry.setAttribute("color", new BufferAttribute(colours, 3, true));
    },
    setSize: (pixels) => {
      model.size = pixels;
      points.material.size = pixels;
    },
    setBudget: async (budget) => {
      const cloud = await read(budget);
      model.cloud = cloud;
      model.budget = budget;
      const before = points.geometry;
      points.geometry = geometryOf(cloud, model.mode);
      points.position.set(...cloud.origin);
      before.dispose();
    },
    dispose: () => disposeOf(points),
  };
  return model;
}

export async function loadCloud(file: ViewerFile, options: LoadOptions): Promise<CloudModel> {
  const { signal, onProgress } = options;
  const bytes = await readFile(file, { limit: LIMIT, signal, onProgress });
  const extension = extensionOf(file.path);
  // The bytes stay here as well, because they are read again when more or fewer points are wanted.
  const read = (budget: number) =>
    inWorker<CloudTask, Cloud>(
      new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
      { task: { bytes, extension, budget }, given: [], signal, failed: (why) => new Error(why) },
    );
  try {
    return modelOf(await read(USUAL_BUDGET), extension, read);
  } catch (error) {
    throw damaged(file, error);
  }
}
