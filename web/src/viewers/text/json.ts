// JSON with one value a line; text that is no JSON stays as it is. Numbers stay as they are written,
// because a number of the browser would not hold all of their digits.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

export function tidyJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const out: string[] = [];
  let depth = 0;
  let before = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [token] of text.matchAll(TOKEN)) {
    const opened = before === "{" || before === "[";
    if (token === "}" || token === "]") {
      --depth;
      out.push(opened ? token : line() + token);
    } else if (token === ",") out.push(token);
    else if (token === ":") out.push(": ");
    else {
      out.push(opened || before === "," ? line() + token : token);
      if (token === "{" || token === "[") ++depth;
    }
    before = token;
  }
  return out.join("");
}
