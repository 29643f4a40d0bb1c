// All databases, with the way into each.
import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useQuery } from "@tanstack/react-query";
import type { Database } from "../../api/types";
import { listDatabases } from "../../api/vams";
import { useTitle } from "../../app/context";
import { Empty } from "../../ui/Empty";
import { formatCount, formatInstant, parseInstant, plural } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { Problem } from "../../ui/Problem";

const NONE: Database[] = [];

function created(database: Database): number {
  return parseInstant(database.dateCreated)?.getTime() ?? 0;
}

const COLUMNS: TableProps.ColumnDefinition<Database>[] = [
  {
    id: "name",
    header: "Database",
    cell: (database) => (
      <InternalLink to={`/databases/${encodeURIComponent(database.databaseId)}/assets`}>
        {database.databaseId}
      </InternalLink>
    ),
    sortingField: "databaseId",
    isRowHeader: true,
  },
  {
    id: "description",
    header: "Description",
    cell: (database) => database.description,
    sortingField: "description",
  },
  {
    id: "assets",
    header: "Assets",
    cell: (database) => formatCount(database.assetCount),
    sortingField: "assetCount",
  },
  {
    id: "bucket",
    header: "Bucket",
    cell: (database) =>
      database.bucketName === null
        ? "–"
        : `${database.bucketName}${database.baseAssetsPrefix === "/" ? "" : `/${database.baseAssetsPrefix ?? ""}`}`,
    sortingField: "bucketName",
  },
  {
    id: "rules",
    header: "Rules",
    cell: (database) => {
      const rules = [];
      if (database.restrictMetadataOutsideSchemas) rules.push("Metadata of schemas only");
      if (database.restrictFileUploadsToExtensions)
        rules.push(`Files: ${database.restrictFileUploadsToExtensions}`);
      return rules.length === 0 ? "–" : rules.join("; ");
    },
  },
  {
    id: "created",
    header: "Created",
    cell: (database) => formatInstant(database.dateCreated),
    sortingComparator: (a, b) => created(a) - created(b),
  },
];

export function DatabasesPage() {
  useTitle("Databases");
  const list = useQuery({
    queryKey: ["databases"],
    queryFn: ({ signal }) => listDatabases(signal),
  });
  const all = list.data ?? NONE;
  const { items, actions, filterProps, collectionProps, paginationProps, filteredItemsCount } =
    useCollection(all, {
      filtering: {
        fields: ["databaseId", "description", "bucketName"],
        empty: (
          <Empty
            title="No databases"
            text="Assets live in databases. None is open to you; an administrator can make one or give you a role for it."
          />
        ),
        noMatch: (
          <Empty
            title="No database fits"
            text="No identifier, description or bucket has these letters."
            action={<Button onClick={() => actions.setFiltering("")}>Clear the filter</Button>}
          />
        ),
      },
      pagination: { pageSize: 50 },
      sorting: { defaultState: { sortingColumn: { sortingField: "databaseId" } } },
    });
  if (list.error !== null)
    return (
      <>
        <Box variant="h1" padding={{ bottom: "m" }}>
          Databases
        </Box>
        <Problem error={list.error} onRetry={() => void list.refetch()} />
      </>
    );
  return (
    <Table
      {...collectionProps}
      variant="full-page"
      columnDefinitions={COLUMNS}
      items={items}
      loading={list.isPending}
      loadingText="Loading databases"
      trackBy="databaseId"
      enableKeyboardNavigation
      stickyHeader
      ariaLabels={{ tableLabel: "Databases" }}
      header={
        <Header variant="h1" counter={list.isPending ? "" : `(${formatCount(all.length)})`}>
          Databases
        </Header>
      }
      filter={
        <TextFilter
          {...filterProps}
          filteringPlaceholder="Find a database"
          filteringAriaLabel="Find a database"
          filteringClearAriaLabel="Clear"
          countText={plural(filteredItemsCount ?? 0, "match", "matches")}
        />
      }
      pagination={all.length > 50 && <Pagination {...paginationProps} />}
    />
  );
}
