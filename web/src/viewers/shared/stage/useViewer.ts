// What a view shows and which of its tools are on.
import { useEffect, useMemo, useState } from "react";
import { fail } from "../../../app/flash";
import { nameOf } from "../../../ui/format";
import { saveBlob } from "../../../ui/saveText";
import type { ViewerFile } from "../../registry";
import { sizeAlong } from "./axes";
import type { Background } from "./DetailsPanel";
import type { LengthUnit, LoadModel } from "./model";
import { useAsPreview } from "./preview";
import { FIRST_SECTION, type Section } from "./section";
import { useModels } from "./useModels";
import { useParts } from "./useParts";
import { useStage } from "./useStage";
import { useMaterials, usePicker, useRuler, useSection, useSizeBox } from "./useTools";

/** Those that are on or off. */
export type Switch = "measure" | "section" | "box" | "wireframe" | "turntable";
const OFF: Record<Switch, boolean> = {
  measure: false,
  section: false,
  box: false,
  wireframe: false,
  turntable: false,
};

/** A screenshot in the background that is seen. */
function usePictures(stage: ReturnType<typeof useStage>["stage"], files: ViewerFile[]) {
  const asPreview = useAsPreview(files);
  const picture = async (type?: string) => {
    const surface = stage?.canvas.parentElement;
    if (stage === null || !surface) throw new Error("There is no view.");
    return stage.picture(getComputedStyle(surface).backgroundColor, type);
  };
  return {
    save: () => {
      picture()
        .then((blob) => saveBlob(`${nameOf(files[0]?.path ?? "view")}.png`, blob))
        .catch((error: unknown) => fail("The picture cannot be saved", error));
    },
    asPreview: asPreview === null ? null : () => void asPreview(picture),
  };
}

export function useViewer(files: ViewerFile[], load: LoadModel) {
  const { canvas, stage, problem } = useStage();
  const { loading, arrived, retry } = useModels(files, load, stage);
  const models = loading.state === "ready" ? loading.models : null;
  const [open, setOpen] = useState<string | null>(null);
  const [on, setOn] = useState(OFF);
  const [zUp, setZUp] = useState<boolean | null>(null);
  const [section, setSection] = useState<Section>(FIRST_SECTION);
  const [givenUnit, setUnit] = useState<LengthUnit | null>(null);
  const [background, setBackground] = useState<Background>("page");
  const unit = givenUnit ?? models?.[0]?.unit ?? "";
  const standing = zUp ?? models?.[0]?.zUp ?? false;
  const size = useMemo<[number, number, number]>(
    () => (stage === null || models === null ? [0, 0, 0] : sizeAlong(stage.bounds(), stage.models)),
    // Models that come piece by piece grow.
    [stage, models, arrived],
  );
  useEffect(() => stage?.setZUp(standing), [stage, models, standing]);
  const turning = on.turntable && models !== null;
  useEffect(() => stage?.setTurning(turning), [stage, turning]);
  const picker = usePicker(stage, models, on.measure || open === "parts");
  const choosing = open === "parts" && !on.measure;
  const names = files.map((file) => nameOf(file.path));
  const parts = useParts(stage, models, names, picker, choosing);
  const materials = useMaterials(stage, models, on.wireframe);
  const ruler = useRuler(stage, picker, on.measure, unit);
  useSection(stage, models, on.section ? section : null, standing);
  useSizeBox(stage, models, on.box, standing, unit);
  const pictures = usePictures(stage, files);
  return {
    canvas,
    stage,
    models,
    loading,
    retry,
    /** Of the browser, not of the files. */
    problem,
    failure: problem ?? (loading.state === "failed" ? loading.error : null),
    open,
    setOpen,
    on,
    turn: (name: Switch) => setOn({ ...on, [name]: !on[name] }),
    section,
    setSection,
    unit,
    setUnit,
    background,
    setBackground,
    standing,
    setZUp,
    size,
    parts,
    materials,
    ruler,
    pictures,
  };
}
export type Viewer = ReturnType<typeof useViewer>;
