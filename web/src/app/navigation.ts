// The pages, as the server knows them for its permissions, and the navigation made of them.

/** Patterns that are asked about at the start; constraints of roles name them verbatim. */
export const ROUTES = [
  "/databases",
  "/databases/:databaseId/assets",
  "/databases/:databaseId/assets/:assetId",
  "/assets",
  "/search",
  "/search/:databaseId/assets",
  "/upload",
  "/upload/:databaseId",
];

export interface NavLink {
  text: string;
  path: string;
  /** Second key of the shortcut that goes there: g, then this. */
  key: string;
  /** Also found in the palette by these words. */
  words: string;
}

export interface NavSection {
  text: string;
  links: NavLink[];
}

const SECTIONS: NavSection[] = [
  {
    text: "Manage",
    links: [
      { text: "Databases", path: "/databases", key: "d", words: "list buckets" },
      { text: "Assets and Files", path: "/assets", key: "a", words: "browse search find pictures" },
      { text: "Create Asset", path: "/upload", key: "c", words: "new add upload make" },
    ],
  },
];

/** Without the pages that the user may not see, and without sections that are then empty. */
export function navigationFor(may: (pattern: string) => boolean): NavSection[] {
  return SECTIONS.map((section) => ({
    ...section,
    links: section.links.filter((link) => may(link.path)),
  })).filter((section) => section.links.length > 0);
}
