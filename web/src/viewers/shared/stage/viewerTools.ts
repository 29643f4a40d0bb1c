// The toolbar of a view.
import { ICONS } from "./icons";
import type { Tool, ToolGroup } from "./Toolbar";
import type { Switch, Viewer } from "./useViewer";
import { viewTools } from "./viewTools";

const SWITCHES: Record<Switch, string> = {
  measure: "Measure",
  section: "Section",
  box: "Bounding box",
  wireframe: "Wireframe",
  turntable: "Turntable",
};

function switchTool(viewer: Viewer, id: Switch): Tool {
  const pressed = viewer.on[id];
  const run = () => {
    viewer.turn(id);
    // These have a panel, which goes with them; they stay on while another one is open.
    if (id !== "measure" && id !== "section") return;
    if (!pressed) viewer.setOpen(id);
    else if (viewer.open === id) viewer.setOpen(null);
  };
  return { id, text: SWITCHES[id], icon: ICONS[id], pressed, run };
}

function panelTool(viewer: Viewer, id: string, text: string, icon: Tool["icon"]): Tool {
  const pressed = viewer.open === id;
  return { id, text, icon, pressed, run: () => viewer.setOpen(pressed ? null : id) };
}

export function viewerTools(
  viewer: Viewer,
  panels: readonly { id: string; name: string; icon: Tool["icon"] }[],
  without: readonly string[],
): ToolGroup[] {
  const { stage, models, pictures } = viewer;
  const idle = models === null || stage === null;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const { save, asPreview } = pictures;
  const groups: ToolGroup[] = [
    {
      name: "Camera",
      tools: [
        ...viewTools(idle, stage === null ? [] : [stage]),
        ...(still ? [] : [switchTool(viewer, "turntable")]),
      ],
    },
    {
      name: "Tools",
      tools: (["measure", "section", "box", "wireframe"] as const).map((id) =>
        switchTool(viewer, id),
      ),
    },
    {
      name: "Panels",
      tools: [
        panelTool(viewer, "parts", "Parts", ICONS.parts),
        panelTool(viewer, "materials", "Materials", ICONS.materials),
        ...panels.map((panel) => panelTool(viewer, panel.id, panel.name, panel.icon)),
        panelTool(viewer, "details", "Details and display", ICONS.details),
      ],
    },
    {
      name: "Pictures",
      tools: [
        { id: "screenshot", text: "Screenshot", icon: ICONS.screenshot, run: save },
        ...(asPreview === null
          ? []
          : [{ id: "preview", text: "Use as preview", icon: ICONS.preview, run: asPreview }]),
      ],
    },
  ];
  return groups.map(({ name, tools }) => ({
    name,
    tools: tools
      .filter(({ id }) => !without.includes(id))
      .map((tool) => ({ ...tool, disabled: idle })),
  }));
}
