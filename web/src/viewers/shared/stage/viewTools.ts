// Tools that move the camera.
import type { Box3 } from "three";
import { ICONS } from "./icons";
import { VIEWS, type Stage, type ViewName } from "./Stage";
import type { Tool } from "./Toolbar";

const VIEW_NAMES: Record<ViewName, string> = {
  corner: "From a corner",
  front: "Front",
  back: "Back",
  left: "Left",
  right: "Right",
  top: "Top",
  bottom: "Bottom",
};

/** `box`: what is to be in the picture, if not all that is on the stage. */
export function viewTools(disabled: boolean, stages: readonly Stage[], box?: Box3 | null): Tool[] {
  const each = (work: (stage: Stage, what: Box3 | undefined) => void) => () => {
    for (const stage of stages) work(stage, box ?? undefined);
  };
  return [
    {
      id: "views",
      text: "View from",
      icon: ICONS.views,
      disabled,
      choices: (Object.keys(VIEWS) as ViewName[]).map((view) => ({
        id: `view-${view}`,
        text: VIEW_NAMES[view],
        run: each((stage, what) => stage.look(view, what)),
      })),
    },
    {
      id: "fit",
      text: "Fit",
      icon: "zoom-to-fit",
      disabled,
      run: each((stage, what) => stage.fit(undefined, what)),
    },
  ];
}
