// Items as pictures or cards. Only the rows near the window exist, so that 100,000 scroll like ten.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import { formatCount } from "../../ui/format";
import type { Collected } from "../upload/collect";
import { layOut, leftOf, type Layout } from "./geometry";
import type { BrowseItem } from "./items";
import type { Selection } from "./selection";
import type { Source } from "./source";
import { Tile } from "./Tile";

/** How wide the list is, and how far below the top of the page it begins. */
function usePlace(frame: RefObject<HTMLElement>) {
  const [place, setPlace] = useState({ width: 0, top: 0 });
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const measure = () =>
      setPlace((now) => {
        const width = element.clientWidth;
        const top = Math.round(element.getBoundingClientRect().top + scrollY);
        return now.width === width && now.top === top ? now : { width, top };
      });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [frame]);
  return place;
}

function Chooser({ item, selection }: { item: BrowseItem; selection: Selection }) {
  return (
    <label className="vams-choose">
      <input
        type="checkbox"
        aria-label={`Choose ${item.name}`}
        checked={selection.has(item)}
        onChange={() => selection.toggle(item)}
      />
    </label>
  );
}

export function PictureGrid(props: {
  source: Source;
  layout: Layout;
  explain: boolean;
  /** Null: nothing can be chosen. */
  selection: Selection | null;
  /** Files were dropped onto a picture; null: they cannot be. */
  onFiles: ((item: BrowseItem, files: Collected) => void) | null;
}) {
  const { source, layout, explain, selection } = props;
  const frame = useRef<HTMLDivElement>(null);
  const place = usePlace(frame);
  const total = source.total ?? 0;
  const geometry = layOut(layout, place.width, total, explain);
  const { columns, pitch } = geometry;
  const rows = useWindowVirtualizer({
    count: geometry.rows,
    estimateSize: () => pitch,
    overscan: 3,
    scrollMargin: place.top,
  });
  useEffect(() => rows.measure(), [rows, pitch]);
  const shown = rows.getVirtualItems();
  const first = shown[0]?.index ?? 0;
  const last = shown.at(-1)?.index ?? 0;
  const { look } = source;
  useEffect(() => look(first * columns, (last + 1) * columns - 1), [look, first, last, columns]);

  return (
    <>
      <div
        ref={frame}
        className="vams-grid"
        data-choosing={selection !== null && selection.items.length > 0}
        role="list"
        aria-label={layout === "cards" ? "Cards" : "Pictures"}
        style={{ height: rows.getTotalSize() }}
      >
        {place.width > 0 &&
          shown.flatMap((row) =>
            Array.from({ length: Math.min(columns, total - row.index * columns) }, (_, column) => {
              const index = row.index * columns + column;
              const item = source.get(index);
              const top = row.start - place.top;
              return (
                <div
                  key={index}
                  role="listitem"
                  aria-setsize={total}
                  aria-posinset={index + 1}
                  className="vams-cell"
                  style={{
                    width: geometry.width,
                    height: geometry.height,
                    transform: `translate(${leftOf(column, geometry)}px, ${top}px)`,
                  }}
                >
                  {item === undefined ? (
                    <div className="vams-card" aria-busy="true" />
                  ) : (
                    <Tile item={item} layout={layout} explain={explain} onFiles={props.onFiles} />
                  )}
                  {item !== undefined && selection !== null && (
                    <Chooser item={item} selection={selection} />
                  )}
                </div>
              );
            }),
          )}
      </div>
      {geometry.left > 0 && (
        <p className="vams-grid-end">
          {`The list ends here, before the last ${formatCount(geometry.left)}. A search or a filter brings them into view.`}
        </p>
      )}
    </>
  );
}
