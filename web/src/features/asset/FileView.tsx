// One file: its picture, facts, metadata and versions.
import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import type { FileVersion } from "../../api/types";
import { getFileInfo, type AssetRef } from "../../api/vams";
import { extensionOf, formatBytes, formatCount, formatInstant, nameOf } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { KIND_NAMES, kindOfExtension } from "../../ui/kinds";
import { Picture, pictureOfFile } from "../../ui/Picture";
import { Problem } from "../../ui/Problem";
import { assetPath } from "../browse/items";
import { download } from "./download";
import { MetadataTable } from "./MetadataTable";

const NONE: FileVersion[] = [];

function columnsOf(ref: AssetRef, path: string): TableProps.ColumnDefinition<FileVersion>[] {
  return [
    {
      id: "date",
      header: "Changed",
      cell: (version) => (
        <SpaceBetween direction="horizontal" size="xs">
          <span>{formatInstant(version.lastModified)}</span>
          {version.isLatest && <Badge color="green">Latest</Badge>}
          {version.isArchived && <Badge>Archived</Badge>}
        </SpaceBetween>
      ),
      isRowHeader: true,
    },
    { id: "size", header: "Size", cell: (version) => formatBytes(version.size) },
    {
      id: "in",
      header: "In versions",
      cell: (version) =>
        version.assetVersionIds === null || version.assetVersionIds.length === 0 ? (
          "–"
        ) : (
          <SpaceBetween direction="horizontal" size="xxs">
            {version.assetVersionIds.map((of) => (
              <Badge key={of.id}>{of.label}</Badge>
            ))}
          </SpaceBetween>
        ),
    },
    {
      id: "id",
      header: "Identifier",
      cell: (version) => <span className="vams-value">{version.versionId}</span>,
    },
    {
      id: "download",
      header: <span className="vams-sr">Download</span>,
      cell: (version) =>
        !version.isArchived && (
          <Button
            variant="icon"
            iconName="download"
            ariaLabel={`Download the file of ${formatInstant(version.lastModified)}`}
            onClick={() => void download(ref, path, { versionId: version.versionId })}
          />
        ),
      width: 70,
    },
  ];
}

export function FileView(props: {
  asset: AssetRef;
  path: string;
  assetVersionId: string | undefined;
}) {
  const { asset, path, assetVersionId } = props;
  const info = useQuery({
    queryKey: ["file", asset.databaseId, asset.assetId, path],
    queryFn: ({ signal }) => getFileInfo(asset, path, signal),
  });
  const back = `${assetPath(asset.databaseId, asset.assetId)}${assetVersionId === undefined ? "" : `?assetVersionId=${assetVersionId}`}`;
  if (info.error !== null)
    return (
      <SpaceBetween size="m">
        <Problem error={info.error} onRetry={() => void info.refetch()} />
        <InternalLink to={back}>All files of this asset</InternalLink>
      </SpaceBetween>
    );
  const file = info.data;
  if (file === undefined)
    return <div className="vams-waiting" role="status" aria-label="Loading" />;
  const extension = extensionOf(path);
  const versions = file.versions ?? NONE;
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            description={path}
            actions={
              !file.isArchived && (
                <Button
                  variant="primary"
                  iconName="download"
                  onClick={() => void download(asset, path, { assetVersionId })}
                >
                  Download
                </Button>
              )
            }
          >
            {nameOf(path)}
          </Header>
        }
      >
        <div className="vams-facts">
          <div className="vams-facts-picture">
            <Picture
              of={asset}
              picture={pictureOfFile(path, extension, file.size, file.previewFile)}
              type={extension}
              alt={`Picture of ${nameOf(path)}`}
            />
          </div>
          <KeyValuePairs
            columns={2}
            items={[
              { label: "Type", value: KIND_NAMES[kindOfExtension(extension)] },
              { label: "Size", value: formatBytes(file.size) },
              { label: "Changed", value: formatInstant(file.lastModified) },
              { label: "Content type", value: file.contentType ?? "–" },
              { label: "Role", value: file.primaryType ?? "–" },
              { label: "State", value: file.isArchived ? "Archived" : "Active" },
            ]}
          />
        </div>
      </Container>
      <MetadataTable
        title="File metadata"
        target={{ kind: "file", ref: asset, filePath: path, type: "metadata" }}
        assetVersionId={assetVersionId}
      />
      <MetadataTable
        title="File attributes"
        target={{ kind: "file", ref: asset, filePath: path, type: "attribute" }}
        assetVersionId={assetVersionId}
      />
      <Table
        columnDefinitions={columnsOf(asset, path)}
        items={versions}
        trackBy="versionId"
        wrapLines
        contentDensity="compact"
        ariaLabels={{ tableLabel: "Versions of the file" }}
        header={
          <Header variant="h2" counter={`(${formatCount(versions.length)})`}>
            Versions of the file
          </Header>
        }
      />
    </SpaceBetween>
  );
}
