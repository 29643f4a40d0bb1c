// Shows a text with a little form; nothing of it is taken as HTML by the browser.
import { createElement, Fragment, useMemo, type ReactNode } from "react";
import { parseRich, type RichPart } from "./rich";

function render(part: RichPart, index: number): ReactNode {
  if (typeof part === "string") return <Fragment key={index}>{part}</Fragment>;
  if (part.tag === "br") return <br key={index} />;
  const inner = part.parts.map(render);
  if (part.tag === "a")
    return (
      <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
        {inner}
      </a>
    );
  return createElement(part.tag, { key: index }, inner);
}

export function RichText({ html }: { html: string }) {
  const parts = useMemo(() => parseRich(html), [html]);
  return <div className="vams-rich">{parts.map(render)}</div>;
}
