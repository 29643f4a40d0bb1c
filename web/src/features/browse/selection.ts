// Items that are chosen to work on, while the list is scrolled, filtered or looked at otherwise.
import { useEffect, useMemo, useState } from "react";
import type { BrowseItem } from "./items";

export interface Selection {
  items: BrowseItem[];
  has: (item: BrowseItem) => boolean;
  toggle: (item: BrowseItem) => void;
  set: (items: BrowseItem[]) => void;
  clear: () => void;
}

/** `list`: a name for what is listed; another one begins with nothing chosen. */
export function useSelection(list: string): Selection {
  const [chosen, setChosen] = useState<Map<string, BrowseItem>>(new Map());
  useEffect(() => setChosen(new Map()), [list]);
  return useMemo(
    () => ({
      items: [...chosen.values()],
      has: (item) => chosen.has(item.key),
      toggle: (item) =>
        setChosen((now) => {
          const next = new Map(now);
          if (!next.delete(item.key)) next.set(item.key, item);
          return next;
        }),
      set: (items) => setChosen(new Map(items.map((item) => [item.key, item]))),
      clear: () => setChosen(new Map()),
    }),
    [chosen],
  );
}
