// A text of any length: only the lines in sight are made.
import { openSearchPanel } from "@codemirror/search";
import { Compartment } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { forwardRef, useEffect, useImperativeHandle, useRef } from "react";
import { colours, reading } from "./editor";
import "./code.css";

export interface CodeHandle {
  find: () => void;
}

export default forwardRef<
  CodeHandle,
  { text: string; extension: string; label: string; wrap: boolean }
>(function Code({ text, extension, label, wrap }, handle) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  useImperativeHandle(handle, () => ({
    find: () => {
      if (view.current !== null) openSearchPanel(view.current);
    },
  }));
  useEffect(() => {
    if (place.current === null) return;
    const language = new Compartment();
    const made = new EditorView({
      doc: text,
      extensions: [reading(label, wrap), language.of([])],
      parent: place.current,
    });
    view.current = made;
    let gone = false;
    void colours(extension).then((found) => {
      if (!gone) made.dispatch({ effects: language.reconfigure(found) });
    });
    return () => {
      gone = true;
      view.current = null;
      made.destroy();
    };
  }, [text, extension, label, wrap]);
  return <div ref={place} className="vams-code" />;
});
