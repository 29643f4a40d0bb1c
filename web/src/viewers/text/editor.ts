// How texts are set up to be read: lines with numbers, folding, search and colours; nothing changes them.
import { foldGutter, foldKeymap, syntaxHighlighting } from "@codemirror/language";
import { search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { languageOf } from "./languages";

const LOOK = EditorView.theme({
  "&": { height: "100%", color: "var(--vams-text)", fontSize: "13px" },
  "&.cm-focused": { outline: "2px solid var(--vams-accent)", outlineOffset: "-2px" },
  ".cm-scroller": {
    fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
    lineHeight: "1.5",
  },
  ".cm-gutters": {
    backgroundColor: "var(--vams-raised)",
    color: "var(--vams-muted)",
    borderRight: "1px solid var(--vams-border)",
  },
  ".cm-panels": { backgroundColor: "var(--vams-panel)", color: "var(--vams-text)" },
  ".cm-panels-top": { borderBottom: "1px solid var(--vams-border)" },
});

/** For those who read with keys or do not see. */
const READ_ONLY = [EditorState.readOnly.of(true), EditorView.editable.of(false)];

export function reading(label: string, wrap: boolean): Extension {
  return [
    lineNumbers(),
    foldGutter(),
    search({ top: true }),
    keymap.of([...searchKeymap, ...foldKeymap]),
    syntaxHighlighting(classHighlighter),
    READ_ONLY,
    EditorView.contentAttributes.of({
      tabindex: "0",
      "aria-label": label,
      "aria-readonly": "true",
    }),
    wrap ? EditorView.lineWrapping : [],
    LOOK,
  ];
}

/** A grammar that cannot be fetched leaves the text without colours. */
export async function colours(extension: string): Promise<Extension> {
  try {
    return (await languageOf(extension)) ?? [];
  } catch {
    return [];
  }
}
