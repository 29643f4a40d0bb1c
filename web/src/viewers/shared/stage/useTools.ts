// Tools of a view, each for as long as it is on. What was set with one stays for the next time.
import { useEffect, useMemo, useRef, useState } from "react";
import type { Box3 } from "three";
import { AXES, directionOf } from "./axes";
import { applyLooks, setWireframe, surfacesOf, type Look } from "./looks";
import type { MaterialsState } from "./MaterialsPanel";
import type { MeasureState } from "./MeasurePanel";
import type { LengthUnit, Model } from "./model";
import { Picker } from "./picker";
import { Ruler, type Measurement } from "./ruler";
import { Cutter, type Section } from "./section";
import { SizeBox } from "./sizeBox";
import type { Stage } from "./Stage";

/** Finds what is pointed at; made when it is first needed. */
export function usePicker(stage: Stage | null, models: Model[] | null, needed: boolean) {
  const [picker, setPicker] = useState<Picker | null>(null);
  const used = useRef(false);
  used.current ||= needed;
  const wanted = used.current && models !== null;
  useEffect(() => {
    if (stage === null || !wanted) return;
    const made = new Picker(stage);
    setPicker(made);
    return () => {
      setPicker(null);
      made.dispose();
    };
  }, [stage, models, wanted]);
  return picker;
}

export function useRuler(
  stage: Stage | null,
  picker: Picker | null,
  on: boolean,
  unit: LengthUnit,
): MeasureState & { setInMiddle: () => void; giveUp: () => boolean } {
  const ruler = useRef<Ruler | null>(null);
  const kept = useRef<readonly Measurement[]>([]);
  const [, setChanges] = useState(0);
  useEffect(() => {
    kept.current = [];
  }, [picker]);
  useEffect(() => {
    if (stage === null || picker === null || !on) return;
    const made = new Ruler(stage, picker, () => setChanges((count) => count + 1), kept.current);
    ruler.current = made;
    return () => {
      kept.current = [...made.found];
      ruler.current = null;
      made.dispose();
    };
  }, [stage, picker, on]);
  useEffect(() => ruler.current?.setUnit(unit), [picker, on, unit]);
  return {
    found: ruler.current?.found ?? kept.current,
    begun: ruler.current?.begun != null,
    remove: (id) => ruler.current?.remove(id),
    clear: () => ruler.current?.clear(),
    setInMiddle: () => void ruler.current?.setInMiddle(),
    giveUp: () => ruler.current?.giveUp() ?? false,
    parts: ({ from, to }) => {
      const between = to.clone().sub(from);
      const [x = 0, y = 0, z = 0] = AXES.map((axis) =>
        stage === null ? 0 : between.dot(directionOf(axis, stage.models)),
      );
      return [x, y, z];
    },
  };
}

/** `standing`: whether z is up, with which the plane turns. `box`: instead of the stage's own bounds. */
export function useSection(
  stage: Stage | null,
  models: Model[] | null,
  section: Section | null,
  standing: boolean,
  box?: Box3 | null,
): void {
  const cutter = useRef<Cutter | null>(null);
  const on = section !== null;
  useEffect(() => {
    if (stage === null || models === null || !on) return;
    const made = new Cutter(stage);
    cutter.current = made;
    return () => {
      cutter.current = null;
      made.whole();
    };
  }, [stage, models, on]);
  useEffect(() => {
    if (section !== null) cutter.current?.cut(section, box ?? undefined);
  }, [stage, models, section, standing, box]);
}

export function useSizeBox(
  stage: Stage | null,
  models: Model[] | null,
  on: boolean,
  standing: boolean,
  unit: LengthUnit,
): void {
  useEffect(() => {
    if (stage === null || models === null || !on) return;
    const made = new SizeBox(stage, unit);
    return () => made.dispose();
  }, [stage, models, on, standing, unit]);
}

const UNCHANGED: ReadonlyMap<string, Look> = new Map();

export function useMaterials(
  stage: Stage | null,
  models: Model[] | null,
  wireframe: boolean,
): MaterialsState {
  const objects = useMemo(() => (models ?? []).map((model) => model.object), [models]);
  const surfaces = useMemo(() => surfacesOf(objects), [objects]);
  const [looks, setLooks] = useState(UNCHANGED);
  useEffect(() => setLooks(UNCHANGED), [surfaces]);
  useEffect(() => {
    applyLooks(surfaces, looks);
    stage?.draw();
  }, [stage, surfaces, looks]);
  useEffect(() => {
    setWireframe(objects, wireframe);
    stage?.draw();
  }, [stage, objects, wireframe]);
  return {
    surfaces,
    looks,
    change: (id, look) => setLooks((now) => new Map(now).set(id, look)),
    reset: () => setLooks(UNCHANGED),
  };
}
