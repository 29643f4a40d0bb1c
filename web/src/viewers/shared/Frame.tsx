// What viewers have in common: a toolbar above, facts below, and full screen.
import Button from "@cloudscape-design/components/button";
import { useEffect, useRef, useState, type KeyboardEventHandler, type ReactNode } from "react";
import { fail } from "../../app/flash";
import "./frame.css";

export function Frame(props: {
  /** Of the viewer, for those who do not see it. */
  label: string;
  tools?: ReactNode;
  facts?: ReactNode;
  onKeyDown?: KeyboardEventHandler;
  children: ReactNode;
}) {
  const frame = useRef<HTMLElement>(null);
  const [full, setFull] = useState(false);
  useEffect(() => {
    const changed = () =>
      setFull(document.fullscreenElement !== null && document.fullscreenElement === frame.current);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);
  const toggle = () => {
    const work = full ? document.exitFullscreen() : frame.current?.requestFullscreen();
    work?.catch((error: unknown) => fail("The browser does not show this in full screen", error));
  };
  return (
    <section
      className="vams-viewer"
      aria-label={props.label}
      ref={frame}
      onKeyDown={props.onKeyDown}
    >
      <div className="vams-viewer-tools">
        {props.tools}
        {document.fullscreenEnabled && (
          <Button
            variant="icon"
            iconName={full ? "exit-full-screen" : "full-screen"}
            ariaLabel={full ? "Leave full screen" : "Full screen"}
            onClick={toggle}
          />
        )}
      </div>
      <div className="vams-viewer-body">{props.children}</div>
      {props.facts !== undefined && <div className="vams-viewer-facts">{props.facts}</div>}
    </section>
  );
}

export function Waiting({ text = "Loading" }: { text?: string }) {
  return (
    <div className="vams-viewer-waiting vams-loading" role="status">
      {text}
    </div>
  );
}
