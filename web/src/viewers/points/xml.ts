// Elements of well-formed XML, for descriptions inside binary files: workers have no reader of their own.

export interface Element {
  name: string;
  attributes: Map<string, string>;
  children: Element[];
  text: string;
}

const PART =
  /<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<\?[^]*?\?>|<!\w[^>]*>|<(\/?)([\w:.-]+)([^>]*?)(\/?)>/g;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const DEEPEST = 200;

function element(name: string, attributes = ""): Element {
  const found = [...attributes.matchAll(ATTRIBUTE)].map(
    ([, key = "", double, single]): [string, string] => [key, double ?? single ?? ""],
  );
  return { name, attributes: new Map(found), children: [], text: "" };
}

export function parseXml(text: string): Element {
  const root = element("");
  const open = [root];
  let from = 0;
  for (const part of text.matchAll(PART)) {
    const inside = open.at(-1) ?? root;
    inside.text += text.slice(from, part.index);
    from = part.index + part[0].length;
    const [, closing, name, attributes, empty] = part;
    if (name === undefined) continue;
    if (closing === "/") {
      if (open.length < 2 || inside.name !== name) throw new SyntaxError("its XML is damaged");
      open.pop();
      continue;
    }
    const made = element(name, attributes);
    inside.children.push(made);
    if (empty !== "/") open.push(made);
    if (open.length > DEEPEST) throw new SyntaxError("its XML is damaged");
  }
  const [top] = root.children;
  if (open.length !== 1 || top === undefined) throw new SyntaxError("its XML is damaged");
  return top;
}

export function childOf(parent: Element | undefined, name: string): Element | undefined {
  return parent?.children.find((child) => child.name === name);
}

export function numberOf(parent: Element | undefined, name: string): number | undefined {
  const child = childOf(parent, name);
  if (child === undefined) return undefined;
  const number = Number(child.text.trim() || 0);
  return Number.isFinite(number) ? number : undefined;
}
