// The tools of a view: groups of buttons with icons, walked through with arrow keys, their names shown
// when they are pointed at.
import ButtonGroup, { type ButtonGroupProps } from "@cloudscape-design/components/button-group";
import type { IconProps } from "@cloudscape-design/components/icon";
import type { ReactNode } from "react";
import "./stage.css";

export interface Tool {
  id: string;
  text: string;
  icon: IconProps.Name | Exclude<ReactNode, string>;
  disabled?: boolean;
  /** For tools that are on or off. */
  pressed?: boolean;
  run?: () => void;
  /** Instead of `run`: a list to choose from. */
  choices?: { id: string; text: string; run: () => void }[];
}

export interface ToolGroup {
  name: string;
  tools: Tool[];
}

function itemOf(tool: Tool): ButtonGroupProps.Item {
  const { id, text, icon } = tool;
  const looks = typeof icon === "string" ? { iconName: icon as IconProps.Name } : { iconSvg: icon };
  const common = { id, text, ...looks, disabled: tool.disabled === true };
  if (tool.choices !== undefined)
    return {
      type: "menu-dropdown",
      ...common,
      items: tool.choices.map((choice) => ({ id: choice.id, text: choice.text })),
    };
  if (tool.pressed === undefined) return { type: "icon-button", ...common };
  const pressed =
    typeof icon === "string"
      ? { pressedIconName: icon as IconProps.Name }
      : { pressedIconSvg: icon };
  return { type: "icon-toggle-button", ...common, ...pressed, pressed: tool.pressed };
}

export function Toolbar(props: { label: string; groups: readonly ToolGroup[] }) {
  const groups = props.groups.filter(({ tools }) => tools.length > 0);
  const run = (id: string) => {
    for (const tool of groups.flatMap(({ tools }) => tools)) {
      if (tool.id === id) tool.run?.();
      tool.choices?.find((choice) => choice.id === id)?.run();
    }
  };
  return (
    <div className="vams-stage-tools">
      <ButtonGroup
        variant="icon"
        ariaLabel={props.label}
        items={groups.map(({ name, tools }) => ({
          type: "group",
          text: name,
          items: tools.map(itemOf),
        }))}
        onItemClick={({ detail }) => run(detail.id)}
      />
    </div>
  );
}
