// What a map shows, as a list: the same for those who do not see the map, or do not use a mouse.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { formatCount } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { itemPath } from "./items";
import type { LocatedItem } from "./located";

const SHOWN = 100;

export function MapList(props: {
  items: LocatedItem[];
  /** Pointed at, or null. */
  onActive: (key: string | null) => void;
  onShow: (item: LocatedItem) => void;
}) {
  const shown = props.items.slice(0, SHOWN);
  return (
    <section className="vams-map-list" aria-label="In the window">
      <Box variant="h3" tagOverride="h2">
        {`In the window (${formatCount(props.items.length)})`}
      </Box>
      {shown.length === 0 && (
        <Box color="text-body-secondary">Nothing here. Move the map, or show the whole world.</Box>
      )}
      <ul>
        {shown.map((located) => {
          const { item } = located;
          return (
            <li
              key={item.key}
              onMouseEnter={() => props.onActive(item.key)}
              onMouseLeave={() => props.onActive(null)}
              onFocus={() => props.onActive(item.key)}
              onBlur={() => props.onActive(null)}
            >
              <div>
                <InternalLink to={itemPath(item)}>{item.name}</InternalLink>
                <div className="vams-card-more">
                  {item.kind === "file" ? item.assetName : item.databaseId}
                </div>
              </div>
              <Button
                variant="icon"
                iconName="location-pin"
                ariaLabel={`Show ${item.name} on the map`}
                onClick={() => props.onShow(located)}
              />
            </li>
          );
        })}
      </ul>
      {props.items.length > SHOWN && (
        <Box color="text-body-secondary">
          {`And ${formatCount(props.items.length - SHOWN)} more; come closer to see them.`}
        </Box>
      )}
    </section>
  );
}
