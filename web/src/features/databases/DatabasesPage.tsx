// All databases, with the way into each.
import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense, useState } from "react";
import { useNavigate } from "react-router-dom";
import { deleteDatabase } from "../../api/changes";
import type { Database } from "../../api/types";
import { listDatabases } from "../../api/vams";
import { useTitle } from "../../app/context";
import { succeed } from "../../app/flash";
import { refreshLists } from "../../app/refresh";
import { useMayChange } from "../../app/rights";
import { ActionDialog } from "../../ui/ActionDialog";
import { Empty } from "../../ui/Empty";
import { formatCount, formatInstant, parseInstant, plural } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { Problem } from "../../ui/Problem";
import { DropZone } from "../upload/DropZone";
import { give } from "../upload/handoff";

const DatabaseDialog = lazy(async () => ({
  default: (await import("./DatabaseDialog")).DatabaseDialog,
}));
const MetadataDialog = lazy(async () => ({
  default: (await import("../metadata/MetadataDialog")).MetadataDialog,
}));

const NONE: Database[] = [];

type Open = { name: "form"; database: Database | null } | { name: "delete" } | { name: "metadata" };

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

function Dialogs(props: {
  open: Open | null;
  chosen: Database[];
  onClose: () => void;
  onDeleted: () => void;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { open, chosen, onClose } = props;
  const one = chosen[0];
  if (open === null) return null;
  if (open.name === "form")
    return (
      <DatabaseDialog
        database={open.database}
        onClose={onClose}
        onSaved={(databaseId) => {
          refreshLists(client);
          succeed(open.database === null ? `${databaseId} is made.` : `${databaseId} is saved.`);
          if (open.database === null)
            navigate(`/databases/${encodeURIComponent(databaseId)}/assets`);
        }}
      />
    );
  if (open.name === "metadata")
    return one === undefined ? null : (
      <MetadataDialog
        title={`Metadata of ${one.databaseId}`}
        target={{ kind: "database", databaseId: one.databaseId }}
        onClose={onClose}
      />
    );
  return (
    <ActionDialog
      title={chosen.length === 1 ? "Delete the database" : "Delete databases"}
      text="A database can be deleted when it holds no active assets. Its archived assets and its metadata come back when a database is made under the same identifier."
      items={chosen}
      nameOf={(database) => database.databaseId}
      word="delete"
      submitText="Delete"
      work={(database) => deleteDatabase(database.databaseId)}
      onDone={(done) => {
        if (done.length > 0) succeed(`${plural(done.length, "database")} deleted.`);
        props.onDeleted();
        refreshLists(client);
      }}
      onClose={onClose}
    />
  );
}

export function DatabasesPage() {
  useTitle("Databases");
  const mayChange = useMayChange();
  const navigate = useNavigate();
  const [open, setOpen] = useState<Open | null>(null);
  const create = mayChange && (
    <Button variant="primary" onClick={() => setOpen({ name: "form", database: null })}>
      Create database
    </Button>
  );
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
            text={
              mayChange
                ? "Assets live in databases. Make the first one."
                : "Assets live in databases. None is open to you; an administrator can make one or give you a role for it."
            }
            action={create || undefined}
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
      selection: { trackBy: "databaseId", keepSelection: true },
    });
  const chosen = [...(collectionProps.selectedItems ?? NONE)];
  if (list.error !== null)
    return (
      <>
        <Box variant="h1" padding={{ bottom: "m" }}>
          Databases
        </Box>
        <Problem error={list.error} onRetry={() => void list.refetch()} />
      </>
    );
  const table = (
    <Table
      {...collectionProps}
      {...(mayChange ? { selectionType: "multi" as const } : {})}
      variant="full-page"
      columnDefinitions={COLUMNS}
      items={items}
      loading={list.isPending}
      loadingText="Loading databases"
      trackBy="databaseId"
      enableKeyboardNavigation
      stickyHeader
      ariaLabels={{
        tableLabel: "Databases",
        selectionGroupLabel: "Databases to work on",
        allItemsSelectionLabel: () => "Choose all",
        itemSelectionLabel: (_, database) => `Choose ${database.databaseId}`,
      }}
      header={
        <Header
          variant="h1"
          counter={list.isPending ? "" : `(${formatCount(all.length)})`}
          actions={
            mayChange && (
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  disabled={chosen.length !== 1}
                  onClick={() => setOpen({ name: "metadata" })}
                >
                  Metadata
                </Button>
                <Button
                  disabled={chosen.length !== 1}
                  onClick={() => setOpen({ name: "form", database: chosen[0] ?? null })}
                >
                  Edit
                </Button>
                <Button disabled={chosen.length === 0} onClick={() => setOpen({ name: "delete" })}>
                  Delete
                </Button>
                {create}
              </SpaceBetween>
            )
          }
        >
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
  // Into the database that is chosen, or else one that is asked for.
  const [one] = chosen.length === 1 ? chosen : NONE;
  const into = one === undefined ? "" : `/${encodeURIComponent(one.databaseId)}`;
  return (
    <>
      <DropZone
        text={`Drop to make an asset of these${one === undefined ? "" : ` in ${one.databaseId}`}`}
        onFiles={
          mayChange
            ? (files) => {
                give(files);
                navigate(`/upload${into}`);
              }
            : null
        }
      >
        {table}
      </DropZone>
      <Suspense>
        <Dialogs
          open={open}
          chosen={chosen}
          onClose={() => setOpen(null)}
          onDeleted={() => actions.setSelectedItems([])}
        />
      </Suspense>
    </>
  );
}
