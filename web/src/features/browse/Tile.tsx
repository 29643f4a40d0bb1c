// One item of a list as a picture with a caption, or as a card with what is known about it.
import Badge from "@cloudscape-design/components/badge";
import { Link } from "react-router-dom";
import { extensionOf, formatBytes, formatInstant } from "../../ui/format";
import { assetTypeName } from "../../ui/kinds";
import { Picture, pictureOfFile } from "../../ui/Picture";
import type { Collected } from "../upload/collect";
import { useFileDrop } from "../upload/DropZone";
import type { Layout } from "./geometry";
import { Highlights } from "./Highlights";
import { itemPath, type BrowseItem } from "./items";
import { kindOfValue } from "./terms";

export function itemPicture(item: BrowseItem) {
  if (item.kind === "file")
    return pictureOfFile(item.path, extensionOf(item.path), item.size, item.previewKey);
  return item.previewKey === "" ? null : ({ kind: "asset" } as const);
}

const SHOWN_TAGS = 3;
const SHOWN_FIELDS = 2;

/** What a card has room for: short values, as people type them. */
export function shortFields(item: BrowseItem): [string, string][] {
  return item.metadata
    .filter(([, value]) => value !== "" && value.length <= 60 && !/^[[{]/.test(value))
    .slice(0, SHOWN_FIELDS);
}

function Caption({ item }: { item: BrowseItem }) {
  const file = item.kind === "file";
  return (
    <>
      <div className="vams-card-more">
        {file ? item.assetName : [item.version, item.databaseId].filter(Boolean).join(" · ")}
      </div>
      <div className="vams-card-more">{file ? item.path : item.description}</div>
    </>
  );
}

function Facts({ item }: { item: BrowseItem }) {
  const file = item.kind === "file";
  const facts = file
    ? [item.assetName, formatBytes(item.size), formatInstant(item.date)]
    : [assetTypeName(item.type), item.version, item.databaseId];
  return (
    <>
      <div className="vams-card-more">{facts.filter(Boolean).join(" · ")}</div>
      <div className="vams-card-lines">{file ? item.path : item.description}</div>
      {item.tags.length > 0 && (
        <div className="vams-card-tags">
          {item.tags.slice(0, SHOWN_TAGS).map((tag) => (
            <Badge key={tag}>{tag}</Badge>
          ))}
          {item.tags.length > SHOWN_TAGS && <span>{`+${item.tags.length - SHOWN_TAGS}`}</span>}
        </div>
      )}
      {shortFields(item).map(([name, value]) => (
        <div key={name} className="vams-card-more">
          {`${name}: ${kindOfValue(value) === "date" ? formatInstant(value) : value}`}
        </div>
      ))}
    </>
  );
}

export function Tile(props: {
  item: BrowseItem;
  layout: Layout;
  explain: boolean;
  onFiles: ((item: BrowseItem, files: Collected) => void) | null;
}) {
  const { item, layout, explain, onFiles } = props;
  const other = item.highlights.filter((highlight) => highlight.field !== "Name").slice(0, 1);
  const takes = onFiles !== null && item.kind === "asset" && !item.archived;
  const drop = useFileDrop(takes ? (files) => onFiles(item, files) : null);
  return (
    <Link
      to={itemPath(item)}
      className="vams-card"
      data-layout={layout}
      data-over={drop.over}
      {...drop.handlers}
    >
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
        {layout === "cards" ? <Facts item={item} /> : <Caption item={item} />}
        {explain && (
          <div className="vams-card-found">
            <Highlights highlights={other} />
          </div>
        )}
      </div>
    </Link>
  );
}
