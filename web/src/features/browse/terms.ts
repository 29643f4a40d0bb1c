// What a list asks of metadata: a field, how it is compared, and with what. A field without a name is
// any field.

export type Op = "is" | "not" | "has" | "starts" | "from" | "to" | "set" | "unset";
export type FieldKind = "text" | "number" | "date" | "boolean";

export interface MetadataTerm {
  key: string;
  op: Op;
  value: string;
}

export const OPERATORS: Record<FieldKind, Partial<Record<Op, string>>> = {
  text: {
    has: "contains",
    is: "is",
    not: "is not",
    starts: "begins with",
    set: "is set",
    unset: "is not set",
  },
  number: {
    is: "is",
    not: "is not",
    from: "is at least",
    to: "is at most",
    set: "is set",
    unset: "is not set",
  },
  date: {
    starts: "is on",
    from: "is on or after",
    to: "is on or before",
    set: "is set",
    unset: "is not set",
  },
  boolean: { is: "is", set: "is set", unset: "is not set" },
};
export const ANY_FIELD: Partial<Record<Op, string>> = {
  has: "contains",
  is: "is",
  starts: "begins with",
};

const WORDS: Record<Op, string> = {
  is: ":",
  not: " is not",
  has: " contains",
  starts: " begins with",
  from: " is at least",
  to: " is at most",
  set: " is set",
  unset: " is not set",
};

export function needsValue(op: Op): boolean {
  return op !== "set" && op !== "unset";
}

export function termText({ key, op, value }: MetadataTerm): string {
  const name = key === "" ? "Any field" : key;
  return needsValue(op) ? `${name}${WORDS[op]} ${value}` : `${name}${WORDS[op]}`;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const DATE = /^\d{4}-\d\d-\d\d(T|$)/;

/** What a field seems to be, by a value of it. */
export function kindOfValue(value: string): FieldKind {
  if (/^(true|false)$/i.test(value)) return "boolean";
  if (DATE.test(value)) return "date";
  return NUMBER.test(value) ? "number" : "text";
}

// ---- In the address ---------------------------------------------------------------------------

const OTHERS: Op[] = ["not", "has", "starts", "from", "to", "unset"];

function readTerm(text: string): { key: string; value: string } {
  const at = text.indexOf(":");
  const key = at < 0 ? text : text.slice(0, at);
  return {
    key: key.replace(/%3A/gi, ":").replace(/%25/g, "%"),
    value: at < 0 ? "" : text.slice(at + 1),
  };
}

export function readTerms(url: URLSearchParams): MetadataTerm[] {
  const plain = url.getAll("meta").map((text): MetadataTerm => {
    const term = readTerm(text);
    return { ...term, op: term.value === "" ? "set" : "is" };
  });
  const others = OTHERS.flatMap((op) =>
    url.getAll(`meta.${op}`).map((text): MetadataTerm => ({ ...readTerm(text), op })),
  );
  return [...plain, ...others].filter(
    ({ key, op, value }) => (needsValue(op) ? value : key) !== "",
  );
}

export function writeTerms(terms: MetadataTerm[], url: URLSearchParams): void {
  for (const { key, op, value } of terms) {
    const name = key.replace(/%/g, "%25").replace(/:/g, "%3A");
    url.append(op === "is" || op === "set" ? "meta" : `meta.${op}`, `${name}:${value}`);
  }
}

// ---- As a request -----------------------------------------------------------------------------

const WILD = /[*?]/;
/** Prefixes that a metadata query takes off a field's name, and words that it is cut at. */
const UNSAYABLE = /^((MD|AB)_|(str|num|bool|date|list|gp|gs)_)|:|(^| )(AND|OR)( |$)/;

function literal(text: string): string {
  return text.replace(/[\\*?]/g, "\\$&");
}

function pattern({ op, value }: MetadataTerm): string | null {
  switch (op) {
    case "is":
      return value;
    case "has":
      return `*${literal(value)}*`;
    case "starts":
      return `${literal(value)}*`;
    case "set":
      return "*";
    default:
      return null;
  }
}

// Files have attributes beside their metadata.
function namesOf(key: string, file: boolean): string[] {
  return (file ? ["MD_", "AB_"] : ["MD_"]).map((flat) => `${flat}.${key === "" ? "_value" : key}`);
}

/** Parts of a metadata query, any of which has to hold; null where it has no words for the term. */
function partsOf(term: MetadataTerm, file: boolean): string[] | null {
  const value = pattern(term);
  if (value === null || UNSAYABLE.test(term.key) || / (AND|OR)( |$)|^(AND|OR) /.test(value))
    return null;
  return namesOf(term.key, file).map((name) => `${name.replace(/^MD_\./, "")}:${value}`);
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

function word(text: string, keep: string): string {
  return text.replace(new RegExp(`[^\\p{L}\\p{N}_.${keep}]`, "gu"), "\\$&");
}

function condition(term: MetadataTerm, field: string): string {
  const { op, value } = term;
  const at = field.indexOf(".") + 1;
  const name = field.slice(0, at) + word(field.slice(at), "");
  switch (op) {
    case "is":
    case "not":
      return `${name}:${WILD.test(value) ? word(value, "*?") : quoted(value)}`;
    case "has":
      return `${name}:*${word(value, "")}*`;
    case "starts":
      return `${name}:${word(value, "")}*`;
    case "from":
      return `${name}:[${quoted(value)} TO *]`;
    // All instants of a day belong to it; they go on with letters that "~" comes after.
    case "to":
      return `${name}:[* TO ${quoted(DATE.test(value) ? `${value}~` : value)}]`;
    default:
      return `_exists_:${name}`;
  }
}

/** A term as a filter. */
export function filterOf(term: MetadataTerm, file: boolean): string {
  const any = namesOf(term.key, file).map((name) => condition(term, name));
  const text = `(${any.join(" OR ")})`;
  return term.op === "not" || term.op === "unset" ? `(NOT ${text})` : text;
}

export interface MetadataRequest {
  /** What it finds is marked in the results. */
  query: string;
  filters: string[];
}

/** As a metadata query where possible, for its marks; the rest as filters. `any`: one is enough. */
export function metadataRequest(
  terms: MetadataTerm[],
  any: boolean,
  file: boolean,
): MetadataRequest {
  const parts = terms.map((term) => partsOf(term, file));
  if (any || terms.length === 1) {
    if (parts.every((some) => some !== null))
      return { query: parts.flatMap((some) => some ?? []).join(" OR "), filters: [] };
    const filters = terms.map((term) => filterOf(term, file));
    return {
      query: "",
      filters: [filters.length === 1 ? filters[0]! : `(${filters.join(" OR ")})`],
    };
  }
  const plain = parts.map((some) => (some?.length === 1 ? some[0]! : null));
  return {
    query: plain.filter((part) => part !== null).join(" AND "),
    filters: terms.filter((_, index) => plain[index] === null).map((term) => filterOf(term, file)),
  };
}
