// A short piece of code with colours, without lines to fold or search.
import type { LanguageSupport } from "@codemirror/language";
import { classHighlighter, highlightCode } from "@lezer/highlight";
import { useMemo, type ReactNode } from "react";
import "./code.css";

function pieces(text: string, language: LanguageSupport): ReactNode[] {
  const made: ReactNode[] = [];
  highlightCode(
    text,
    language.language.parser.parse(text),
    classHighlighter,
    (piece, classes) =>
      made.push(
        classes === "" ? (
          piece
        ) : (
          <span key={made.length} className={classes}>
            {piece}
          </span>
        ),
      ),
    () => made.push("\n"),
  );
  return made;
}

export function Snippet(props: { text: string; language: LanguageSupport | null; label: string }) {
  const { text, language } = props;
  const shown = useMemo(
    () => (language === null ? text : pieces(text, language)),
    [text, language],
  );
  return (
    <pre className="vams-snippet" tabIndex={0} role="group" aria-label={props.label}>
      {shown}
    </pre>
  );
}
