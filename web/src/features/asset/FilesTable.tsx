// The files of an asset, as they are now or as a version holds them.
import { useCollection } from "@cloudscape-design/collection-hooks";
import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import Toggle from "@cloudscape-design/components/toggle";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { AssetFile } from "../../api/types";
import { listFiles, type AssetRef } from "../../api/vams";
import { Empty } from "../../ui/Empty";
import { extensionOf, formatBytes, formatCount, formatInstant, plural } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { KIND_NAMES, kindOfExtension } from "../../ui/kinds";
import { Picture, pictureOfFile } from "../../ui/Picture";
import { Problem } from "../../ui/Problem";
import { filePath } from "../browse/items";
import { download } from "./download";

const NONE: AssetFile[] = [];

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function kindText(file: AssetFile): string {
  const extension = extensionOf(file.relativePath);
  const kind = KIND_NAMES[kindOfExtension(extension)];
  return extension === "" ? kind : `${kind} · ${extension.slice(1).toUpperCase()}`;
}

function columnsOf(
  ref: AssetRef,
  assetVersionId: string | undefined,
): TableProps.ColumnDefinition<AssetFile>[] {
  const query = assetVersionId === undefined ? "" : `?assetVersionId=${assetVersionId}`;
  return [
    {
      id: "picture",
      header: <span className="vams-sr">Picture</span>,
      cell: (file) => (
        <div className="vams-thumb">
          <Picture
            of={ref}
            picture={pictureOfFile(
              file.relativePath,
              extensionOf(file.relativePath),
              file.size,
              file.previewFile,
            )}
            type={extensionOf(file.relativePath)}
            alt=""
          />
        </div>
      ),
      width: 90,
    },
    {
      id: "name",
      header: "Name",
      cell: (file) => (
        <InternalLink to={`${filePath(ref.databaseId, ref.assetId, file.relativePath)}${query}`}>
          {file.fileName}
        </InternalLink>
      ),
      sortingField: "fileName",
      isRowHeader: true,
      minWidth: 150,
    },
    {
      id: "folder",
      header: "Folder",
      cell: (file) => folderOf(file.relativePath),
      sortingField: "relativePath",
    },
    { id: "type", header: "Type", cell: kindText },
    {
      id: "size",
      header: "Size",
      cell: (file) => formatBytes(file.size),
      sortingComparator: (a, b) => (a.size ?? 0) - (b.size ?? 0),
    },
    {
      id: "date",
      header: "Changed",
      cell: (file) => formatInstant(file.dateCreatedCurrentVersion),
      sortingField: "dateCreatedCurrentVersion",
    },
    {
      id: "marks",
      header: "Marks",
      cell: (file) => (
        <SpaceBetween direction="horizontal" size="xxs">
          {file.primaryType && <Badge color="blue">{file.primaryType}</Badge>}
          {file.isArchived && <Badge>Archived</Badge>}
          {file.isPermanentlyDeleted && <Badge color="red">Deleted</Badge>}
          {file.currentAssetVersionFileVersionMismatch === true && (
            <Badge color="severity-low">Not in the current version</Badge>
          )}
        </SpaceBetween>
      ),
    },
    {
      id: "download",
      header: <span className="vams-sr">Download</span>,
      cell: (file) =>
        !file.isArchived &&
        !file.isPermanentlyDeleted && (
          <Button
            variant="icon"
            iconName="download"
            ariaLabel={`Download ${file.fileName}`}
            onClick={() =>
              void download(
                ref,
                file.relativePath,
                assetVersionId === undefined ? {} : { versionId: file.versionId ?? undefined },
              )
            }
          />
        ),
      width: 70,
    },
  ];
}

export function FilesTable(props: { asset: AssetRef; assetVersionId: string | undefined }) {
  const { asset, assetVersionId } = props;
  const [archived, setArchived] = useState(false);
  const list = useQuery({
    queryKey: ["files", asset.databaseId, asset.assetId, assetVersionId, archived],
    queryFn: ({ signal }) =>
      listFiles(asset, { includeArchived: archived, assetVersionId }, signal),
  });
  const files = useMemo(() => list.data?.filter((file) => !file.isFolder) ?? NONE, [list.data]);
  const columns = useMemo(() => columnsOf(asset, assetVersionId), [asset, assetVersionId]);
  const { items, actions, filterProps, collectionProps, paginationProps, filteredItemsCount } =
    useCollection(files, {
      filtering: {
        fields: ["relativePath", "primaryType"],
        empty: <Empty title="No files" text="Nothing has been put into this asset yet." />,
        noMatch: (
          <Empty
            title="No file fits"
            text="No path has these letters."
            action={<Button onClick={() => actions.setFiltering("")}>Clear the filter</Button>}
          />
        ),
      },
      pagination: { pageSize: 100 },
      sorting: { defaultState: { sortingColumn: { sortingField: "relativePath" } } },
    });
  if (list.error !== null)
    return <Problem error={list.error} onRetry={() => void list.refetch()} />;
  const bytes = files.reduce((sum, file) => sum + (file.size ?? 0), 0);
  return (
    <Table
      {...collectionProps}
      columnDefinitions={columns}
      items={items}
      loading={list.isPending}
      loadingText="Loading files"
      trackBy="relativePath"
      wrapLines
      contentDensity="compact"
      ariaLabels={{ tableLabel: "Files" }}
      header={
        <Header
          variant="h2"
          counter={list.isPending ? "" : `(${formatCount(files.length)})`}
          description={files.length === 0 ? undefined : formatBytes(bytes)}
        >
          Files
        </Header>
      }
      filter={
        <SpaceBetween direction="horizontal" size="m" alignItems="center">
          <TextFilter
            {...filterProps}
            filteringPlaceholder="Find a file"
            filteringAriaLabel="Find a file"
            filteringClearAriaLabel="Clear"
            countText={plural(filteredItemsCount ?? 0, "match", "matches")}
          />
          {assetVersionId === undefined && (
            <Toggle checked={archived} onChange={({ detail }) => setArchived(detail.checked)}>
              Show archived
            </Toggle>
          )}
        </SpaceBetween>
      }
      pagination={files.length > 100 && <Pagination {...paginationProps} />}
    />
  );
}
