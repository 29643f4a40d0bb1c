// A page as it may be looked at: without scripts, and without anything that it would fetch. The frame
// that shows it forbids both as well; what is taken away here is counted for people, and would fill
// the browser's console with refusals.

export interface CleanPage {
  html: string;
  /** How many scripts, and pictures, styles and frames from elsewhere, were left out. */
  scripts: number;
  outside: number;
}

/** What may be used: nothing but what is written in the page itself. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; media-src data:";

const FETCHING =
  "link, base, iframe, frame, frameset, object, embed, applet, portal, source[srcset]";
const ADDRESSES = ["src", "srcset", "poster", "background", "data", "action", "formaction", "ping"];
const OUTSIDE = /url\(\s*(?!["']?\s*(?:data:|#))[^)]*\)|@import[^;]*;?/gi;

const isInside = (address: string) => /^\s*(?:data:|#)/i.test(address);

/** Browsers report handlers of events already when they read them, although none would run. */
function withoutHandlers(text: string): string {
  return text.replace(/<[a-z][^<>]*>/gi, (tag) =>
    tag.replace(/([\s"'/])on[a-z]+(?=\s*=)/gi, `$1${LEFT_OUT}`),
  );
}

const LEFT_OUT = "data-left-out";

export function cleanPage(text: string): CleanPage {
  const page = new DOMParser().parseFromString(withoutHandlers(text), "text/html");
  let scripts = 0;
  let outside = 0;
  const styled = (style: string) =>
    style.replace(OUTSIDE, () => {
      ++outside;
      return "none";
    });
  for (const script of page.querySelectorAll("script")) {
    ++scripts;
    script.remove();
  }
  // It is shown where scripts do not run.
  for (const instead of page.querySelectorAll("noscript"))
    instead.replaceWith(...instead.childNodes);
  for (const element of page.querySelectorAll(FETCHING)) {
    if (element.matches("link[rel~=stylesheet], iframe, frame, object, embed, [srcset]")) ++outside;
    element.remove();
  }
  for (const meta of page.querySelectorAll("meta[http-equiv]")) meta.remove();
  for (const style of page.querySelectorAll("style"))
    style.textContent = styled(style.textContent ?? "");
  for (const element of page.querySelectorAll("*")) {
    for (const { name, value } of [...element.attributes]) {
      if (name.startsWith("on") || name === LEFT_OUT) element.removeAttribute(name);
      else if (name === "style") element.setAttribute(name, styled(value));
      else if (ADDRESSES.includes(name) && !isInside(value)) {
        if (name === "src" || name === "data") ++outside;
        element.removeAttribute(name);
      } else if (name === "href" || name === "xlink:href") {
        if (isInside(value)) continue;
        // Where it leads can be read, not followed: the frame goes nowhere.
        element.removeAttribute(name);
        if (element instanceof HTMLAnchorElement && !element.title) element.title = value;
      }
    }
  }
  const policy = page.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = POLICY;
  page.head.prepend(policy);
  return { html: `<!doctype html>${page.documentElement.outerHTML}`, scripts, outside };
}
