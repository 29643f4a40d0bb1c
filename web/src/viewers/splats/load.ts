// Gaussian splats on the stage: the library sorts them anew for each view, beside the page's own thread.
import { Box3, Group, Vector3 } from "three";
import { extensionOf, formatCount, nameOf } from "../../ui/format";
import type { ViewerFile } from "../registry";
import { damaged } from "../shared/damaged";
import { readFile } from "../shared/file";
import type { LoadOptions, Model } from "../shared/stage/model";
import { demandSplats, extentOf } from "./format";

const LIMIT = 1_000_000_000;
/** So many centres tell where the splats are. */
const LOOKED_AT = 50_000;

export interface SplatModel extends Model {
  upsideDown: boolean;
  setUpsideDown: (on: boolean) => void;
}

export function isSplats(model: Model): model is SplatModel {
  return "upsideDown" in model;
}

export async function loadSplats(file: ViewerFile, options: LoadOptions): Promise<SplatModel> {
  const { renderer, signal, onProgress, onPicture } = options;
  const bytes = await readFile(file, { limit: LIMIT, signal, onProgress });
  const extension = extensionOf(file.path);
  try {
    demandSplats(extension, bytes);
    const { SparkRenderer, SplatMesh } = await import("@sparkjsdev/spark");
    if (renderer === undefined) throw new Error("there is nothing to draw on");
    const splats = new SplatMesh({ fileBytes: bytes, fileName: nameOf(file.path).toLowerCase() });
    await splats.initialized;
    const count = splats.packedSplats?.numSplats ?? 0;
    const step = Math.ceil(count / LOOKED_AT);
    const centres: [number, number, number][] = [];
    splats.forEachSplat((index, { x, y, z }) => {
      if (index % step === 0 && [x, y, z].every(Number.isFinite)) centres.push([x, y, z]);
    });
    const extent = extentOf(centres);
    if (extent === null) {
      splats.dispose();
      throw new RangeError("it holds no splats");
    }
    const box = new Box3(new Vector3(...extent.low), new Vector3(...extent.high));
    const spark = new SparkRenderer({
      renderer,
      ...(onPicture === undefined ? {} : { onDirty: onPicture }),
    });
    const turned = new Group();
    turned.add(splats);
    const object = new Group();
    object.add(turned, spark);
    const size = box.getSize(new Vector3());
    const model: SplatModel = {
      object,
      facts: { triangles: 0, points: 0, parts: 1, vertices: 0, size: [size.x, size.y, size.z] },
      zUp: false,
      upsideDown: true,
      setUpsideDown: (on) => {
        model.upsideDown = on;
        turned.rotation.x = on ? Math.PI : 0;
      },
      notes: () => [`${formatCount(count)} splats`],
      bounds: () => {
        turned.updateMatrix();
        return box.clone().applyMatrix4(turned.matrix);
      },
      dispose: () => {
        splats.dispose();
        spark.dispose();
      },
    };
    // What cameras saw is trained with y downwards.
    model.setUpsideDown(true);
    return model;
  } catch (error) {
    throw damaged(file, error);
  }
}
