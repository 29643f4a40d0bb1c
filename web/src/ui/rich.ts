// Texts with a little form. People write lines; what is kept is harmless HTML, as upstream's web
// application does, and what comes from elsewhere is taken apart and only its harmless part shown.

export type RichPart = string | { tag: Tag; href?: string; parts: RichPart[] };

const TAGS = ["p", "br", "b", "strong", "i", "em", "u", "s", "del", "ul", "ol", "li", "a"] as const;
export type Tag = (typeof TAGS)[number];
const BLOCKS = new Set(["DIV", "H1", "H2", "H3", "H4", "H5", "H6", "BLOCKQUOTE", "PRE"]);

function safeAddress(text: string): string | null {
  try {
    const url = new URL(text);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function partsOf(node: Node): RichPart[] {
  const parts: RichPart[] = [];
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) parts.push(child.textContent ?? "");
    if (!(child instanceof Element) || ["SCRIPT", "STYLE", "TEMPLATE"].includes(child.tagName))
      continue;
    const tag = TAGS.find((known) => known === child.tagName.toLowerCase());
    if (tag === "a") {
      const href = safeAddress(child.getAttribute("href") ?? "");
      parts.push(...(href === null ? partsOf(child) : [{ tag, href, parts: partsOf(child) }]));
    } else if (tag !== undefined) parts.push({ tag, parts: partsOf(child) });
    else if (BLOCKS.has(child.tagName)) parts.push({ tag: "p", parts: partsOf(child) });
    else parts.push(...partsOf(child));
  }
  return parts;
}

export function parseRich(html: string): RichPart[] {
  return partsOf(new DOMParser().parseFromString(html, "text/html").body);
}

function escape(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}

// Addresses first, so that what stands in them stays as it is.
function line(text: string): string {
  return text
    .split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])/)
    .map((piece, index) => {
      if (index % 2 === 1) return `<a href="${escape(piece)}">${escape(piece)}</a>`;
      return escape(piece)
        .replace(/\*\*(\S(?:.*?\S)?)\*\*/g, "<strong>$1</strong>")
        .replace(/(^|[\s(])_(\S(?:.*?\S)?)_(?=[\s).,;:!?]|$)/g, "$1<em>$2</em>");
    })
    .join("");
}

/** Empty lines part paragraphs, "- " begins a point of a list, **bold**, _slanted_. */
export function richFromText(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .trim()
    .split(/\n{2,}/)
    .filter((block) => block.trim() !== "")
    .map((block) => {
      const lines = block.split("\n");
      if (lines.every((one) => /^\s*[-*] /.test(one)))
        return `<ul>${lines.map((one) => `<li>${line(one.replace(/^\s*[-*] /, ""))}</li>`).join("")}</ul>`;
      return `<p>${lines.map(line).join("<br>")}</p>`;
    })
    .join("");
}

function write(parts: RichPart[]): string {
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      const inner = write(part.parts);
      switch (part.tag) {
        case "br":
          return "\n";
        case "p":
          return `${inner}\n\n`;
        case "li":
          return `- ${inner.trim()}\n`;
        case "ul":
        case "ol":
          return `${inner}\n`;
        case "b":
        case "strong":
          return `**${inner}**`;
        case "i":
        case "em":
          return `_${inner}_`;
        case "a":
          return inner === part.href || part.href === `${inner}/`
            ? inner
            : `${inner} ${part.href ?? ""}`;
        default:
          return inner;
      }
    })
    .join("");
}

/** For editing again. */
export function textFromRich(html: string): string {
  return write(parseRich(html)).trim();
}
