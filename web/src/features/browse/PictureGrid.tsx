// Items as pictures. Only the rows near the window exist, so that 100,000 scroll like ten.
import Badge from "@cloudscape-design/components/badge";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Link } from "react-router-dom";
import { extensionOf } from "../../ui/format";
import { Picture, pictureOfFile } from "../../ui/Picture";
import { Highlights } from "./Highlights";
import { itemPath, type BrowseItem } from "./items";
import type { Source } from "./source";

const MIN_WIDTH = 210;
const GAP = 16;
const CAPTION = 74;
const HIGHLIGHT = 40;

export function itemPicture(item: BrowseItem) {
  if (item.kind === "file")
    return pictureOfFile(item.path, extensionOf(item.path), item.size, item.previewKey);
  return item.previewKey === "" ? null : ({ kind: "asset" } as const);
}

function Tile({ item, explain }: { item: BrowseItem; explain: boolean }) {
  const other = item.highlights.filter((highlight) => highlight.field !== "Name").slice(0, 1);
  return (
    <Link to={itemPath(item)} className="vams-card">
      <div className="vams-card-picture">
        <Picture of={item} picture={itemPicture(item)} type={item.type} alt="" />
        {item.archived && (
          <span className="vams-card-mark">
            <Badge>Archived</Badge>
          </span>
        )}
      </div>
      <div className="vams-card-text">
        <div className="vams-card-name" title={item.name}>
          {item.name}
        </div>
        <div className="vams-card-more">
          {item.kind === "file"
            ? item.assetName
            : [item.version, item.databaseId].filter(Boolean).join(" · ")}
        </div>
        <div className="vams-card-more">{item.kind === "file" ? item.path : item.description}</div>
        {explain && (
          <div className="vams-card-found">
            <Highlights highlights={other} />
          </div>
        )}
      </div>
    </Link>
  );
}

export function PictureGrid({ source, explain }: { source: Source; explain: boolean }) {
  const frame = useRef<HTMLDivElement>(null);
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
  }, []);

  const columns = Math.max(1, Math.floor((place.width + GAP) / (MIN_WIDTH + GAP)));
  const tile = (place.width - GAP * (columns - 1)) / columns;
  const height = Math.round((tile - 2) * 0.75) + CAPTION + (explain ? HIGHLIGHT : 0) + GAP;
  const total = source.total ?? 0;
  const rows = useWindowVirtualizer({
    count: Math.ceil(total / columns),
    estimateSize: () => height,
    overscan: 3,
    scrollMargin: place.top,
  });
  useEffect(() => rows.measure(), [rows, height]);
  const shown = rows.getVirtualItems();
  const first = shown[0]?.index ?? 0;
  const last = shown.at(-1)?.index ?? 0;
  const { look } = source;
  useEffect(() => look(first * columns, (last + 1) * columns - 1), [look, first, last, columns]);

  return (
    <div
      ref={frame}
      className="vams-grid"
      role="list"
      aria-label="Pictures"
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
                  width: tile,
                  height: height - GAP,
                  transform: `translate(${column * (tile + GAP)}px, ${top}px)`,
                }}
              >
                {item === undefined ? (
                  <div className="vams-card" aria-busy="true" />
                ) : (
                  <Tile item={item} explain={explain} />
                )}
              </div>
            );
          }),
        )}
    </div>
  );
}
