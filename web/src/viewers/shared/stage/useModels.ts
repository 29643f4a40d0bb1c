// The models of several files, loaded together and given back when the viewer goes.
import { useCallback, useEffect, useRef, useState } from "react";
import { isAbort } from "../../../api/errors";
import type { ViewerFile } from "../../registry";
import { keyOf } from "../file";
import type { LoadModel, Model } from "./model";
import type { Stage } from "./Stage";

export type Loading =
  | { state: "loading"; bytes: number }
  | { state: "ready"; models: Model[] }
  | { state: "failed"; error: unknown };

const BEGUN: Loading = { state: "loading", bytes: 0 };
/** Between two words about how far it is, in bytes. */
const TELL = 1_000_000;

/** Begins when there is a stage to show them on, and shows them. */
export function useModels(files: ViewerFile[], load: LoadModel, stage: Stage | null) {
  const [loading, setLoading] = useState<Loading>(BEGUN);
  const [attempt, setAttempt] = useState(0);
  /** Counts what came after the shapes. */
  const [arrived, setArrived] = useState(0);
  const key = JSON.stringify(files.map(keyOf));
  const given = useRef({ files, load });
  given.current = { files, load };
  useEffect(() => {
    if (stage === null) return;
    const stop = new AbortController();
    const loaded: Model[] = [];
    let told = 0;
    const onProgress = (bytes: number) => {
      if (bytes - told < TELL || stop.signal.aborted) return;
      told = bytes;
      setLoading({ state: "loading", bytes });
    };
    const onPicture = () => {
      if (stop.signal.aborted) return;
      setArrived((count) => count + 1);
      stage.draw();
    };
    const run = async () => {
      const { files: wanted, load: read } = given.current;
      const { renderer } = stage;
      const { signal } = stop;
      for (const file of wanted)
        loaded.push(await read(file, { renderer, signal, onPicture, onProgress }));
    };
    const disposeAll = () => {
      stage.show([]);
      loaded.splice(0).forEach((model) => model.dispose());
    };
    setLoading(BEGUN);
    run().then(
      () => {
        if (stop.signal.aborted) return disposeAll();
        stage.show(loaded);
        setLoading({ state: "ready", models: [...loaded] });
      },
      (error: unknown) => {
        disposeAll();
        if (!stop.signal.aborted && !isAbort(error)) setLoading({ state: "failed", error });
      },
    );
    return () => {
      stop.abort();
      disposeAll();
    };
    // The files are new objects with every drawing of the page; their key says what they are.
  }, [key, attempt, stage]);
  const retry = useCallback(() => setAttempt((count) => count + 1), []);
  return { loading, arrived, retry };
}
