import { createElement, Fragment, type ReactNode } from "react";
import { parseBanner, type BannerPart } from "./banner";

function render(part: BannerPart, index: number): ReactNode {
  if (typeof part === "string") return <Fragment key={index}>{part}</Fragment>;
  return createElement(part.tag, { key: index }, part.parts.map(render));
}

export function Banner({ html }: { html: string }) {
  if (html === "") return null;
  return (
    <div className="vams-banner" role="note" aria-label="Notice">
      {parseBanner(html).map(render)}
    </div>
  );
}
