// The versions of an asset, newest first, and two of them beside each other.
import { useCollection } from "@cloudscape-design/collection-hooks";
import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import Toggle from "@cloudscape-design/components/toggle";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useSearchParams } from "react-router-dom";
import { archiveVersion, unarchiveVersion } from "../../api/changes";
import type { AssetVersion } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import { fail, succeed } from "../../app/flash";
import { refreshAsset } from "../../app/refresh";
import { useMayChange } from "../../app/rights";
import { Empty } from "../../ui/Empty";
import { formatCount, formatInstant, plural } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { assetPath } from "../browse/items";

const CompareView = lazy(async () => ({ default: (await import("./CompareView")).CompareView }));
const dialogs = () => import("./VersionDialogs");
const CreateVersionDialog = lazy(async () => ({ default: (await dialogs()).CreateVersionDialog }));
const EditVersionDialog = lazy(async () => ({ default: (await dialogs()).EditVersionDialog }));
const RevertVersionDialog = lazy(async () => ({ default: (await dialogs()).RevertVersionDialog }));

type Open = { name: "create" } | { name: "edit" | "revert"; version: AssetVersion };

function columnsOf(
  ref: AssetRef,
  act: ((id: string, version: AssetVersion) => void) | null,
): TableProps.ColumnDefinition<AssetVersion>[] {
  const columns: TableProps.ColumnDefinition<AssetVersion>[] = [
    {
      id: "version",
      header: "Version",
      cell: (version) => (
        <SpaceBetween direction="horizontal" size="xs">
          <InternalLink
            to={`${assetPath(ref.databaseId, ref.assetId)}?assetVersionId=${encodeURIComponent(version.Version)}`}
          >
            {`v${version.Version}`}
          </InternalLink>
          {version.isCurrent && <Badge color="green">Current</Badge>}
          {version.isArchived && <Badge>Archived</Badge>}
        </SpaceBetween>
      ),
      sortingComparator: (a, b) => Number(a.Version) - Number(b.Version),
      isRowHeader: true,
    },
    { id: "alias", header: "Alias", cell: (version) => version.versionAlias ?? "–" },
    { id: "comment", header: "Comment", cell: (version) => version.Comment || "–", minWidth: 200 },
    { id: "files", header: "Files", cell: (version) => formatCount(version.fileCount) },
    {
      id: "date",
      header: "Created",
      cell: (version) => formatInstant(version.DateModified),
      sortingField: "DateModified",
    },
    { id: "by", header: "By", cell: (version) => version.createdBy, sortingField: "createdBy" },
  ];
  if (act !== null)
    columns.push({
      id: "actions",
      header: <span className="vams-sr">Actions</span>,
      width: 70,
      cell: (version) => (
        <ButtonDropdown
          variant="icon"
          ariaLabel={`Actions for v${version.Version}`}
          expandToViewport
          items={[
            { id: "edit", text: "Edit" },
            { id: "revert", text: "Go back to it" },
            version.isArchived
              ? { id: "unarchive", text: "Bring back" }
              : { id: "archive", text: "Archive", disabled: version.isCurrent },
          ]}
          onItemClick={({ detail }) => act(detail.id, version)}
        />
      ),
    });
  return columns;
}

function useCompared(): [[string, string] | null, (pair: [string, string] | null) => void] {
  const [url, setUrl] = useSearchParams();
  const [before, after] = (url.get("compare") ?? "").split(",");
  const change = (pair: [string, string] | null) => {
    const next = new URLSearchParams(url);
    if (pair === null) for (const name of ["compare", "compareFile"]) next.delete(name);
    else next.set("compare", pair.join(","));
    setUrl(next);
  };
  return [before && after ? [before, after] : null, change];
}

export function VersionsTable(props: {
  asset: AssetRef;
  versions: AssetVersion[];
  /** The asset is archived. */
  locked: boolean;
}) {
  const { asset } = props;
  const client = useQueryClient();
  const mayChange = useMayChange() && !props.locked;
  const [open, setOpen] = useState<Open | null>(null);
  const [archived, setArchived] = useState(false);
  const [compared, compare] = useCompared();
  const put = useMutation({
    mutationFn: (version: AssetVersion) =>
      (version.isArchived ? unarchiveVersion : archiveVersion)(asset, version.Version),
    onSuccess: (_, version) => {
      refreshAsset(client, asset);
      succeed(`v${version.Version} is ${version.isArchived ? "brought back" : "archived"}.`);
    },
    onError: (error) => fail("The version stays as it is", error),
  });
  const shown = props.versions.filter((version) => archived || !version.isArchived);
  const { items, filterProps, collectionProps, paginationProps, filteredItemsCount } =
    useCollection(shown, {
      filtering: {
        filteringFunction: (version, text) =>
          `v${version.Version} ${version.versionAlias ?? ""} ${version.Comment} ${version.createdBy}`
            .toLowerCase()
            .includes(text.toLowerCase()),
        empty: (
          <Empty
            title="No versions"
            text="A version keeps files and metadata together as they are at one time."
            action={
              mayChange && (
                <Button onClick={() => setOpen({ name: "create" })}>Make a version</Button>
              )
            }
          />
        ),
        noMatch: (
          <Empty title="No version fits" text="No number, alias or comment has these letters." />
        ),
      },
      pagination: { pageSize: 50 },
      sorting: {},
      selection: { trackBy: "Version" },
    });
  const chosen = [...(collectionProps.selectedItems ?? [])].sort(
    (a, b) => Number(a.Version) - Number(b.Version),
  );
  if (compared !== null)
    return (
      <Suspense fallback={<div className="vams-loading" role="status" aria-label="Loading" />}>
        <CompareView
          of={asset}
          versions={props.versions}
          before={compared[0]}
          after={compared[1]}
          onChange={(before, after) => compare([before, after])}
          onClose={() => compare(null)}
        />
      </Suspense>
    );
  const startCompare = () => {
    const [first, second] = chosen;
    if (first !== undefined) compare([first.Version, second?.Version ?? "now"]);
  };
  return (
    <>
      <Table
        {...collectionProps}
        selectionType="multi"
        columnDefinitions={columnsOf(
          asset,
          mayChange
            ? (id, version) =>
                id === "edit" || id === "revert"
                  ? setOpen({ name: id, version })
                  : put.mutate(version)
            : null,
        )}
        items={items}
        trackBy="Version"
        wrapLines
        contentDensity="compact"
        ariaLabels={{
          tableLabel: "Versions",
          selectionGroupLabel: "Versions to compare",
          allItemsSelectionLabel: () => "Choose all",
          itemSelectionLabel: (_, version) => `Choose v${version.Version}`,
        }}
        header={
          <Header
            variant="h2"
            counter={`(${formatCount(shown.length)})`}
            description="Open one to see the files and the metadata as they were, or choose two to compare."
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={chosen.length === 0 || chosen.length > 2} onClick={startCompare}>
                  {chosen.length === 1 ? "Compare with the latest files" : "Compare"}
                </Button>
                {mayChange && (
                  <Button variant="primary" onClick={() => setOpen({ name: "create" })}>
                    Make a version
                  </Button>
                )}
              </SpaceBetween>
            }
          >
            Versions
          </Header>
        }
        filter={
          props.versions.length > 0 && (
            <SpaceBetween direction="horizontal" size="m" alignItems="center">
              <TextFilter
                {...filterProps}
                filteringPlaceholder="Find a version"
                filteringAriaLabel="Find a version"
                filteringClearAriaLabel="Clear"
                countText={plural(filteredItemsCount ?? 0, "match", "matches")}
              />
              <Toggle checked={archived} onChange={({ detail }) => setArchived(detail.checked)}>
                Show archived
              </Toggle>
            </SpaceBetween>
          )
        }
        pagination={shown.length > 50 && <Pagination {...paginationProps} />}
      />
      <Suspense>
        {open?.name === "create" && (
          <CreateVersionDialog of={asset} versions={props.versions} onClose={() => setOpen(null)} />
        )}
        {open?.name === "edit" && (
          <EditVersionDialog of={asset} version={open.version} onClose={() => setOpen(null)} />
        )}
        {open?.name === "revert" && (
          <RevertVersionDialog of={asset} version={open.version} onClose={() => setOpen(null)} />
        )}
      </Suspense>
    </>
  );
}
