// Which parts are seen, and which one is chosen, in the tree as in the view.
import { useEffect, useMemo, useState } from "react";
import { onClick } from "./clicks";
import { ACCENT, edgesOf, removeLines, segments } from "./lines";
import { boundsOf, type Model } from "./model";
import { hiddenIn, partsOf, showParts, unseenParts, wayTo } from "./parts";
import type { PartsState } from "./PartsPanel";
import type { Picker } from "./picker";
import type { Stage } from "./Stage";

const NONE: ReadonlySet<string> = new Set();

export function useParts(
  stage: Stage | null,
  models: Model[] | null,
  names: string[],
  picker: Picker | null,
  /** Clicks into the view choose a part. */
  choosing: boolean,
): PartsState {
  const [hidden, setHidden] = useState(NONE);
  const [alone, setAlone] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const key = names.join("\n");
  const parts = useMemo(() => partsOf(models ?? [], key.split("\n")), [models, key]);
  const unseen = useMemo(() => unseenParts(parts, hidden, alone), [parts, hidden, alone]);
  useEffect(() => {
    setHidden(hiddenIn(parts));
    setAlone(null);
    setChosen(null);
  }, [parts]);
  useEffect(() => {
    showParts(parts, unseen);
    stage?.draw();
  }, [stage, parts, unseen]);
  useEffect(() => {
    const part = chosen === null || !choosing ? undefined : wayTo(parts, chosen).at(-1);
    if (stage === null || part === undefined) return;
    const box = boundsOf(part.object);
    if (box.isEmpty()) return;
    const lines = segments(edgesOf(box), ACCENT, true);
    stage.marks.add(lines);
    stage.draw();
    return () => {
      removeLines(lines);
      stage.draw();
    };
  }, [stage, parts, chosen, choosing]);
  useEffect(() => {
    if (stage === null || picker === null || !choosing) return;
    const stop = new AbortController();
    onClick(stage.canvas, stop.signal, (x, y) => setChosen(picker.pick(x, y)?.object.uuid ?? null));
    return () => stop.abort();
  }, [stage, picker, choosing]);
  return {
    parts,
    hidden,
    alone,
    unseen,
    chosen,
    choose: setChosen,
    toggle: (id) =>
      setHidden((now) => {
        const next = new Set(now);
        if (!next.delete(id)) next.add(id);
        return next;
      }),
    isolate: setAlone,
    showAll: () => {
      setHidden(NONE);
      setAlone(null);
    },
    fit: (id) => {
      const part = wayTo(parts, id).at(-1);
      if (part !== undefined && stage !== null) stage.fit(undefined, boundsOf(part.object));
    },
  };
}
