// A model with everything it needs, or a reason why it cannot be shown.
import { extensionOf } from "../../ui/format";
import type { ViewerFile } from "../registry";
import { damaged } from "../shared/damaged";
import { readFile } from "../shared/file";
import { disposeOf, factsOf, type LoadOptions, type Model } from "../shared/stage/model";
import { Dependencies } from "./dependencies";
import { parseModel, Z_UP } from "./parse";

const LIMIT = 500_000_000;

export async function loadModel(file: ViewerFile, options: LoadOptions = {}): Promise<Model> {
  const { signal, onProgress, onPicture, renderer } = options;
  const bytes = await readFile(file, { limit: LIMIT, signal, onProgress });
  const others = new Dependencies(file, signal);
  if (onPicture !== undefined) others.manager.onProgress = onPicture;
  const extension = extensionOf(file.path);
  try {
    if (bytes.length === 0) throw new RangeError("it is empty");
    const { object, unit } = await parseModel(extension, bytes, others, renderer);
    const facts = factsOf(object);
    if (facts === null) throw new RangeError("it holds no shapes");
    return {
      object,
      facts,
      unit,
      zUp: Z_UP.has(extension),
      missing: () => [...others.missing],
      dispose: () => {
        disposeOf(object);
        others.dispose();
      },
    };
  } catch (error) {
    others.dispose();
    throw damaged(file, error);
  }
}
