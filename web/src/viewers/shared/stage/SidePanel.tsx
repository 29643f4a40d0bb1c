// Stands beside a view, or below it in a narrow window, with what belongs to the tool that is open.
import Button from "@cloudscape-design/components/button";
import { useEffect, useId, useRef, type ReactNode } from "react";

export function SidePanel(props: { name: string; onClose: () => void; children: ReactNode }) {
  const title = useId();
  const panel = useRef<HTMLElement>(null);
  // What is read out next, for those who opened it with a key.
  useEffect(() => panel.current?.focus({ preventScroll: true }), [props.name]);
  return (
    <aside className="vams-panel" aria-labelledby={title} tabIndex={-1} ref={panel}>
      <div className="vams-panel-head">
        <h3 id={title}>{props.name}</h3>
        <Button
          variant="icon"
          iconName="close"
          ariaLabel={`Close ${props.name}`}
          onClick={props.onClose}
        />
      </div>
      <div className="vams-panel-body">{props.children}</div>
    </aside>
  );
}
