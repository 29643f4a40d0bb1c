// The banner's HTML comes from the configuration; four harmless tags of it are kept.

export type BannerPart = string | { tag: "b" | "em" | "strong" | "u"; parts: BannerPart[] };

const KEPT = new Set(["b", "em", "strong", "u"]);

function partsOf(node: Node): BannerPart[] {
  const parts: BannerPart[] = [];
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) parts.push(child.textContent ?? "");
    if (!(child instanceof Element)) continue;
    const tag = child.tagName.toLowerCase();
    if (tag === "script" || tag === "style") continue;
    if (KEPT.has(tag)) parts.push({ tag: tag as "b", parts: partsOf(child) });
    else parts.push(...partsOf(child));
  }
  return parts;
}

export function parseBanner(html: string): BannerPart[] {
  return partsOf(new DOMParser().parseFromString(html, "text/html").body);
}
