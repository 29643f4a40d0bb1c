// Jupyter notebooks, of the present format and of the one before.
import { CannotShow } from "../shared/cannot";

export type Output =
  | { kind: "text"; text: string; failed: boolean }
  | { kind: "image"; address: string }
  | { kind: "html"; html: string }
  | { kind: "markdown"; text: string };

export type Cell =
  | { kind: "markdown"; text: string }
  | { kind: "raw"; text: string }
  | { kind: "code"; text: string; count: number | null; outputs: Output[] };

export interface Notebook {
  language: string;
  cells: Cell[];
}

type Fields = Record<string, unknown>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Texts are kept as a whole or line by line. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return listOf(value)
    .filter((line): line is string => typeof line === "string")
    .join("");
}

/** Colours for terminals. */
const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;

function image(type: string, value: unknown): Output | null {
  const data = textOf(value);
  if (type === "image/svg+xml")
    return { kind: "image", address: `data:image/svg+xml,${encodeURIComponent(data)}` };
  const base64 = data.replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]+=*$/.test(base64)) return null;
  return { kind: "image", address: `data:${type};base64,${base64}` };
}

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"];

/** Of what a result is written down as, what people read best. */
function richest(data: Fields): Output | null {
  for (const type of IMAGES)
    if (type in data) {
      const found = image(type, data[type]);
      if (found !== null) return found;
    }
  if ("text/html" in data) return { kind: "html", html: textOf(data["text/html"]) };
  if ("text/markdown" in data) return { kind: "markdown", text: textOf(data["text/markdown"]) };
  if ("application/json" in data)
    return {
      kind: "text",
      text: JSON.stringify(data["application/json"], null, 2) ?? "",
      failed: false,
    };
  const text = textOf(data["text/plain"] ?? data["text/latex"]);
  return text === "" ? null : { kind: "text", text: text.replace(ANSI, ""), failed: false };
}

/** The former format names kinds instead of media types. */
const FORMER: Record<string, string> = {
  png: "image/png",
  jpeg: "image/jpeg",
  svg: "image/svg+xml",
  html: "text/html",
  latex: "text/latex",
  text: "text/plain",
};

function outputOf(value: unknown): Output | null {
  const output = fieldsOf(value);
  switch (output["output_type"]) {
    case "stream":
      return {
        kind: "text",
        text: textOf(output["text"]).replace(ANSI, ""),
        failed: output["name"] === "stderr" || output["stream"] === "stderr",
      };
    case "error":
    case "pyerr": {
      const trace = listOf(output["traceback"]).map(textOf).join("\n").replace(ANSI, "");
      const short = `${textOf(output["ename"])}: ${textOf(output["evalue"])}`;
      return { kind: "text", text: trace === "" ? short : trace, failed: true };
    }
    default: {
      const data = fieldsOf(output["data"]);
      for (const [former, type] of Object.entries(FORMER))
        if (former in output && !(type in data)) data[type] = output[former];
      return richest(data);
    }
  }
}

function cellOf(value: unknown): Cell {
  const cell = fieldsOf(value);
  const text = textOf(cell["source"] ?? cell["input"]);
  if (cell["cell_type"] === "markdown") return { kind: "markdown", text };
  if (cell["cell_type"] === "heading")
    return { kind: "markdown", text: `${"#".repeat(Number(cell["level"]) || 1)} ${text}` };
  if (cell["cell_type"] !== "code") return { kind: "raw", text };
  const count = cell["execution_count"] ?? cell["prompt_number"];
  return {
    kind: "code",
    text,
    count: typeof count === "number" ? count : null,
    outputs: listOf(cell["outputs"])
      .map(outputOf)
      .filter((output) => output !== null),
  };
}

export function readNotebook(text: string): Notebook {
  let whole: Fields;
  try {
    whole = fieldsOf(JSON.parse(text));
  } catch {
    throw new CannotShow(
      "This notebook is damaged: it is no JSON.",
      "Look at it as text, or download it.",
    );
  }
  const cells = Array.isArray(whole["cells"])
    ? whole["cells"]
    : listOf(whole["worksheets"]).flatMap((sheet) => listOf(fieldsOf(sheet)["cells"]));
  if (cells.length === 0)
    throw new CannotShow("This notebook has no cells.", "Look at it as text, or download it.");
  const metadata = fieldsOf(whole["metadata"]);
  const language =
    fieldsOf(metadata["language_info"])["name"] ?? fieldsOf(metadata["kernelspec"])["language"];
  return {
    language: typeof language === "string" ? language : "python",
    cells: cells.map(cellOf),
  };
}
