// The versions of an asset, newest first.
import { useCollection } from "@cloudscape-design/collection-hooks";
import Badge from "@cloudscape-design/components/badge";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import type { AssetVersion } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import { Empty } from "../../ui/Empty";
import { formatCount, formatInstant } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { assetPath } from "../browse/items";

function columnsOf(ref: AssetRef): TableProps.ColumnDefinition<AssetVersion>[] {
  return [
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
}

export function VersionsTable(props: { asset: AssetRef; versions: AssetVersion[] }) {
  const { items, collectionProps, paginationProps } = useCollection(props.versions, {
    filtering: {
      empty: (
        <Empty title="No versions" text="A version is made when the asset's files are complete." />
      ),
    },
    pagination: { pageSize: 50 },
    sorting: {},
  });
  return (
    <Table
      {...collectionProps}
      columnDefinitions={columnsOf(props.asset)}
      items={items}
      trackBy="Version"
      wrapLines
      contentDensity="compact"
      ariaLabels={{ tableLabel: "Versions" }}
      header={
        <Header
          variant="h2"
          counter={`(${formatCount(props.versions.length)})`}
          description="Open one to see the files and the metadata as they were."
        >
          Versions
        </Header>
      }
      pagination={props.versions.length > 50 && <Pagination {...paginationProps} />}
    />
  );
}
