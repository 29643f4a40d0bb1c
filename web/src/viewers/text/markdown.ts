// Markdown taken apart into blocks and pieces that the page then draws itself: whatever HTML a file
// holds stays text, and nothing in it is fetched.

export type Piece =
  | { kind: "text" | "code"; text: string }
  | { kind: "strong" | "em" | "del"; pieces: Piece[] }
  | { kind: "link"; href: string; pieces: Piece[] };

export type Block =
  | { kind: "heading"; level: number; pieces: Piece[] }
  | { kind: "paragraph"; pieces: Piece[] }
  | { kind: "code"; text: string }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; ordered: boolean; items: Piece[][] }
  | { kind: "table"; head: Piece[][]; rows: Piece[][][] }
  | { kind: "rule" };

/** Addresses that may be followed; anything else stays text. */
function safe(address: string): string | null {
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

const INLINE =
  /`([^`]+)`|!\[([^\]]*)\]\([^)\s]*[^)]*\)|\[([^\]]+)\]\(([^)\s]+)[^)]*\)|<(https?:[^>\s]+)>|\*\*(.+?)\*\*|__(.+?)__|~~(.+?)~~|\*([^*\s][^*]*?)\*|\b_([^_\s][^_]*?)_\b/;

export function piecesOf(text: string): Piece[] {
  const found = INLINE.exec(text);
  if (found === null) return text === "" ? [] : [{ kind: "text", text }];
  const [whole, code, image, label, target, plain, strong1, strong2, del, em1, em2] = found;
  const before = text.slice(0, found.index);
  const pieces: Piece[] = before === "" ? [] : [{ kind: "text", text: before }];
  const strong = strong1 ?? strong2;
  const em = em1 ?? em2;
  if (code !== undefined) pieces.push({ kind: "code", text: code });
  else if (image !== undefined) pieces.push({ kind: "text", text: image });
  else if (label !== undefined || plain !== undefined) {
    const href = safe(target ?? plain ?? "");
    const inner =
      label === undefined ? [{ kind: "text" as const, text: plain ?? "" }] : piecesOf(label);
    pieces.push(...(href === null ? inner : [{ kind: "link" as const, href, pieces: inner }]));
  } else if (strong !== undefined) pieces.push({ kind: "strong", pieces: piecesOf(strong) });
  else if (del !== undefined) pieces.push({ kind: "del", pieces: piecesOf(del) });
  else if (em !== undefined) pieces.push({ kind: "em", pieces: piecesOf(em) });
  return [...pieces, ...piecesOf(text.slice(found.index + whole.length))];
}

const FENCE = /^\s{0,3}(```+|~~~+)/;
const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const RULE = /^\s{0,3}([-*_])(?:\s*\1){2,}\s*$/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const DASHES = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

const cellsOf = (line: string) =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => piecesOf(cell.trim()));

/** Where something other than the paragraph begins. */
function begins(line: string): boolean {
  return (
    line.trim() === "" ||
    [FENCE, ITEM, RULE, HEADING].some((form) => form.test(line)) ||
    /^\s{0,3}>/.test(line)
  );
}

export function blocksOf(text: string): Block[] {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  const take = (fits: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && fits(lines[at] ?? "")) ++at;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const fence = FENCE.exec(line)?.[1];
    const heading = HEADING.exec(line);
    if (line.trim() === "") ++at;
    else if (fence !== undefined) {
      ++at;
      blocks.push({ kind: "code", text: take((one) => !one.trim().startsWith(fence)).join("\n") });
      ++at;
    } else if (heading !== null) {
      ++at;
      const [, marks = "#", title = ""] = heading;
      blocks.push({ kind: "heading", level: marks.length, pieces: piecesOf(title) });
    } else if (RULE.test(line)) {
      ++at;
      blocks.push({ kind: "rule" });
    } else if (/^\s{0,3}>/.test(line)) {
      const inner = take((one) => /^\s{0,3}>/.test(one)).map((one) => one.replace(/^\s*> ?/, ""));
      blocks.push({ kind: "quote", blocks: blocksOf(inner.join("\n")) });
    } else if (ITEM.test(line))
      blocks.push(listOf(take((one) => ITEM.test(one) || /^\s+\S/.test(one))));
    else if (line.includes("|") && DASHES.test(lines[at + 1] ?? "")) {
      at += 2;
      const rows = take((one) => one.includes("|")).map(cellsOf);
      blocks.push({ kind: "table", head: cellsOf(line), rows });
    } else {
      ++at;
      const paragraph = [line, ...take((one) => !begins(one))].map((one) => one.trim());
      blocks.push({ kind: "paragraph", pieces: piecesOf(paragraph.join(" ")) });
    }
  }
  return blocks;
}

function listOf(lines: string[]): Block {
  const items: string[] = [];
  let ordered: boolean | undefined;
  for (const line of lines) {
    const found = ITEM.exec(line);
    if (found === null) items.push(`${items.pop() ?? ""} ${line.trim()}`);
    else {
      ordered ??= found[1] !== undefined;
      items.push(found[2] ?? "");
    }
  }
  return { kind: "list", ordered: ordered ?? false, items: items.map(piecesOf) };
}
