// What stands at a place of the map.
import Button from "@cloudscape-design/components/button";
import { useEffect, useRef } from "react";
import { InternalLink } from "../../ui/InternalLink";
import { Picture } from "../../ui/Picture";
import type { Point, Size } from "../map/mercator";
import { itemPath } from "./items";
import type { LocatedItem } from "./located";
import { itemPicture } from "./Tile";

const WIDTH = 260;
const HEIGHT = 230;
const SHOWN = 8;

export function MapPopup(props: {
  /** At the same place; at least one. */
  items: LocatedItem[];
  at: Point;
  size: Size;
  onClose: () => void;
}) {
  const { items, at, size, onClose } = props;
  const box = useRef<HTMLDivElement>(null);
  const first = items[0]?.item;
  useEffect(() => box.current?.focus(), [first?.key]);
  if (first === undefined) return null;
  const left = Math.max(8, Math.min(size.width - WIDTH - 8, at.x - WIDTH / 2));
  const above = at.y > HEIGHT + 24;
  const place = above
    ? { left, bottom: Math.max(8, size.height - at.y + 14) }
    : { left, top: Math.min(size.height - 60, Math.max(8, at.y + 14)) };
  return (
    <div
      ref={box}
      className="vams-map-popup"
      role="dialog"
      aria-label={items.length === 1 ? first.name : `${items.length} at this place`}
      tabIndex={-1}
      style={{ ...place, width: WIDTH, maxHeight: size.height - 24 }}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <div className="vams-map-popup-close">
        <Button variant="icon" iconName="close" ariaLabel="Close" onClick={onClose} />
      </div>
      {items.length === 1 && (
        <div className="vams-map-popup-picture">
          <Picture of={first} picture={itemPicture(first)} type={first.type} alt="" />
        </div>
      )}
      <ul>
        {items.slice(0, SHOWN).map(({ item }) => (
          <li key={item.key}>
            <InternalLink to={itemPath(item)}>{item.name}</InternalLink>
            <div className="vams-card-more">
              {[item.kind === "file" ? item.assetName : item.databaseId, ...item.tags]
                .filter(Boolean)
                .join(" · ")}
            </div>
            {items.length === 1 && <div className="vams-card-lines">{item.description}</div>}
          </li>
        ))}
      </ul>
      {items.length > SHOWN && (
        <div className="vams-card-more">{`And ${items.length - SHOWN} more.`}</div>
      )}
    </div>
  );
}
