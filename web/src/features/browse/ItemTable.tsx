// Items as a table, a page at a time.
import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useEffect } from "react";
import { formatBytes, formatInstant } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { assetTypeName } from "../../ui/kinds";
import { Picture } from "../../ui/Picture";
import { Highlights } from "./Highlights";
import { assetPath, itemPath, type BrowseItem } from "./items";
import type { BrowseParams } from "./params";
import { itemPicture } from "./Tile";
import type { Selection } from "./selection";
import type { Source } from "./source";

export const PAGE = 50;

type Column = TableProps.ColumnDefinition<BrowseItem>;

const PICTURE: Column = {
  id: "picture",
  header: <span className="vams-sr">Picture</span>,
  cell: (item) => (
    <div className="vams-thumb">
      <Picture of={item} picture={itemPicture(item)} type={item.type} alt="" />
    </div>
  ),
  width: 90,
};
const NAME: Column = {
  id: "name",
  header: "Name",
  cell: (item) => (
    <>
      <InternalLink to={itemPath(item)}>{item.name}</InternalLink>{" "}
      {item.archived && <Badge>Archived</Badge>}
    </>
  ),
  isRowHeader: true,
  minWidth: 160,
};
const DATABASE: Column = {
  id: "database",
  header: "Database",
  cell: (item) => (
    <InternalLink to={`/databases/${encodeURIComponent(item.databaseId)}/assets`}>
      {item.databaseId}
    </InternalLink>
  ),
};
const TAGS: Column = {
  id: "tags",
  header: "Tags",
  cell: (item) => (
    <SpaceBetween direction="horizontal" size="xxs">
      {item.tags.map((tag) => (
        <Badge key={tag}>{tag}</Badge>
      ))}
    </SpaceBetween>
  ),
};
const FOUND: Column = {
  id: "found",
  header: "Found in",
  cell: (item) => <Highlights highlights={item.highlights.slice(0, 2)} />,
  minWidth: 220,
};

const ASSET_COLUMNS: Column[] = [
  PICTURE,
  NAME,
  DATABASE,
  { id: "type", header: "Type", cell: (item) => assetTypeName(item.type) },
  { id: "description", header: "Description", cell: (item) => item.description, minWidth: 200 },
  TAGS,
  { id: "version", header: "Version", cell: (item) => item.version },
  { id: "date", header: "Version of", cell: (item) => formatInstant(item.date) },
];

const FILE_COLUMNS: Column[] = [
  PICTURE,
  NAME,
  { id: "path", header: "Path", cell: (item) => item.path },
  {
    id: "asset",
    header: "Asset",
    cell: (item) => (
      <InternalLink to={assetPath(item.databaseId, item.assetId)}>{item.assetName}</InternalLink>
    ),
  },
  DATABASE,
  { id: "size", header: "Size", cell: (item) => formatBytes(item.size) },
  { id: "date", header: "Changed", cell: (item) => formatInstant(item.date) },
];

export function ItemTable(props: {
  source: Source;
  params: BrowseParams;
  explain: boolean;
  /** Null: nothing can be chosen. */
  selection: Selection | null;
  onPage: (page: number) => void;
}) {
  const { source, params, selection } = props;
  const total = source.total ?? 0;
  const pages = Math.max(1, Math.ceil(total / PAGE));
  const page = Math.min(params.page, pages);
  const from = (page - 1) * PAGE;
  const to = Math.min(from + PAGE, total) - 1;
  const { look } = source;
  useEffect(() => look(from, Math.max(from, to)), [look, from, to]);

  const items: BrowseItem[] = [];
  for (let index = from; index <= to; ++index) {
    const item = source.get(index);
    if (item !== undefined) items.push(item);
  }
  const columns = params.mode === "file" ? FILE_COLUMNS : ASSET_COLUMNS;
  return (
    <SpaceBetween size="s">
      <Table
        columnDefinitions={props.explain ? [PICTURE, NAME, FOUND, ...columns.slice(2)] : columns}
        items={items}
        loading={items.length === 0 && total > 0}
        loadingText="Loading"
        trackBy="key"
        variant="container"
        contentDensity="compact"
        wrapLines
        {...(selection === null
          ? {}
          : {
              selectionType: "multi" as const,
              selectedItems: selection.items,
              onSelectionChange: ({ detail }: { detail: { selectedItems: BrowseItem[] } }) =>
                selection.set(detail.selectedItems),
            })}
        ariaLabels={{
          tableLabel: params.mode === "file" ? "Files" : "Assets",
          selectionGroupLabel: "Assets to work on",
          allItemsSelectionLabel: () => "Choose all of this page",
          itemSelectionLabel: (_, item) => `Choose ${item.name}`,
        }}
      />
      {pages > 1 && (
        <Box float="right">
          <Pagination
            currentPageIndex={page}
            pagesCount={pages}
            onChange={({ detail }) => props.onPage(detail.currentPageIndex)}
            ariaLabels={{
              nextPageLabel: "Next page",
              previousPageLabel: "Previous page",
              pageLabel: (number) => `Page ${number}`,
            }}
          />
        </Box>
      )}
    </SpaceBetween>
  );
}
