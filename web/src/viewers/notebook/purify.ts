// Results of notebooks that are HTML, mostly tables: what is harmless in them.
import DOMPurify from "dompurify";

const TAGS =
  "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figure figcaption h1 h2 h3 h4 h5 h6 hr i img kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var".split(
    " ",
  );
const ATTRIBUTES = ["alt", "colspan", "href", "rowspan", "scope", "src", "title"];

// Its own, so that its rules hold for nothing else.
const purifier = DOMPurify(window);
purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node instanceof HTMLImageElement) {
    // Nothing is fetched.
    if (!node.src.startsWith("data:image/")) node.remove();
    else if (!node.hasAttribute("alt")) node.alt = "Result";
  }
  if (node instanceof HTMLAnchorElement && node.hasAttribute("href")) {
    node.target = "_blank";
    node.rel = "noopener noreferrer nofollow";
  }
});

export function purify(html: string): string {
  return purifier.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    // Their values are no addresses.
    ADD_URI_SAFE_ATTR: ["colspan", "rowspan", "scope"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|data:image\/(?:png|jpeg|gif|webp);)/i,
  });
}
