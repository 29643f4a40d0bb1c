// Why something was found: the field and the words in it.
import { Fragment } from "react";
import type { Highlight } from "./items";

export function Highlights({ highlights }: { highlights: Highlight[] }) {
  return (
    <>
      {highlights.map((highlight) => (
        <div key={highlight.field} className="vams-found">
          {highlight.field}:{" "}
          {highlight.parts.map((part, index) =>
            part.hit ? (
              <mark key={index}>{part.text}</mark>
            ) : (
              <Fragment key={index}>{part.text}</Fragment>
            ),
          )}
        </div>
      ))}
    </>
  );
}
