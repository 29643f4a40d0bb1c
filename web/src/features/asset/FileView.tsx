// One file: how it looks, facts, metadata and versions, and what can be done with it.
import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useNavigate } from "react-router-dom";
import { revertFile } from "../../api/changes";
import type { Asset, AssetFile, FileInfo, FileVersion } from "../../api/types";
import { getFileInfo, type AssetRef } from "../../api/vams";
import { succeed } from "../../app/flash";
import { refreshAsset } from "../../app/refresh";
import { useMayChange } from "../../app/rights";
import { ActionDialog } from "../../ui/ActionDialog";
import { extensionOf, formatBytes, formatCount, formatInstant, nameOf } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { KIND_NAMES, kindOfExtension } from "../../ui/kinds";
import { Picture, pictureOfFile } from "../../ui/Picture";
import { Problem } from "../../ui/Problem";
import { assetPath, filePath } from "../browse/items";
import { buildTree, type Entry } from "../files/tree";
import { useFileActions, type FileAction } from "../files/useFileActions";
import { MetadataEditor } from "../metadata/MetadataEditor";
import { download } from "./download";
import { ViewerSlot } from "./ViewerSlot";

const NONE: FileVersion[] = [];

function columnsOf(
  ref: AssetRef,
  path: string,
  onRevert: ((version: FileVersion) => void) | null,
): TableProps.ColumnDefinition<FileVersion>[] {
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
          <div className="vams-row-actions">
            <Button
              variant="icon"
              iconName="download"
              ariaLabel={`Download the file of ${formatInstant(version.lastModified)}`}
              onClick={() => void download(ref, path, { versionId: version.versionId })}
            />
            {onRevert !== null && !version.isLatest && (
              <Button
                variant="icon"
                iconName="undo"
                ariaLabel={`Go back to the file of ${formatInstant(version.lastModified)}`}
                onClick={() => onRevert(version)}
              />
            )}
          </div>
        ),
      width: 110,
    },
  ];
}

/** The file as lists have it, for what they have in common with this page. */
function listed(path: string, info: FileInfo): AssetFile {
  return {
    fileName: nameOf(path),
    key: path,
    relativePath: path,
    isFolder: false,
    size: info.size,
    dateCreatedCurrentVersion: info.lastModified,
    versionId: info.versions?.find((version) => version.isLatest)?.versionId ?? null,
    isArchived: info.isArchived,
    currentAssetVersionFileVersionMismatch: null,
    isPermanentlyDeleted: false,
    primaryType: info.primaryType,
    previewFile: info.previewFile,
  };
}

function Versions(props: {
  of: AssetRef;
  path: string;
  versions: FileVersion[];
  mayRevert: boolean;
}) {
  const { of, path, versions } = props;
  const client = useQueryClient();
  const [back, setBack] = useState<FileVersion | null>(null);
  return (
    <>
      <Table
        columnDefinitions={columnsOf(of, path, props.mayRevert ? setBack : null)}
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
      {back !== null && (
        <ActionDialog
          title="Go back to a former version"
          text="Its content becomes the newest version of the file; the others stay in the history."
          items={[back]}
          nameOf={(version) =>
            `${formatInstant(version.lastModified)}, ${formatBytes(version.size)}`
          }
          submitText="Go back"
          work={(version) => revertFile(of, path, version.versionId)}
          onDone={(done) => {
            if (done.length > 0) succeed(`${nameOf(path)} is as it was.`);
            refreshAsset(client, of);
          }}
          onClose={() => setBack(null)}
        />
      )}
    </>
  );
}

export function FileView(props: {
  asset: AssetRef;
  record: Asset;
  path: string;
  assetVersionId: string | undefined;
}) {
  const { asset, record, path, assetVersionId } = props;
  const navigate = useNavigate();
  const mayChange = useMayChange() && assetVersionId === undefined && record.status === "active";
  const info = useQuery({
    queryKey: ["file", asset.databaseId, asset.assetId, path],
    queryFn: ({ signal }) => getFileInfo(asset, path, signal),
  });
  const entries = useMemo<Entry[]>(
    () => (info.data === undefined ? [] : [{ kind: "file", file: listed(path, info.data) }]),
    [info.data, path],
  );
  const tree = useMemo(
    () => buildTree(entries.flatMap((entry) => (entry.kind === "file" ? [entry.file] : []))),
    [entries],
  );
  const actions = useFileActions({
    of: asset,
    assetName: record.assetName,
    assetVersionId,
    tree,
    onChanged: (at) => {
      if (at !== undefined) navigate(filePath(asset.databaseId, asset.assetId, at));
    },
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
              <SpaceBetween direction="horizontal" size="xs">
                <ButtonDropdown
                  items={actions.items(entries)}
                  onItemClick={({ detail }) => actions.run(detail.id as FileAction, entries)}
                >
                  File actions
                </ButtonDropdown>
                {!file.isArchived && (
                  <Button
                    variant="primary"
                    iconName="download"
                    onClick={() => void download(asset, path, { assetVersionId })}
                  >
                    Download
                  </Button>
                )}
              </SpaceBetween>
            }
          >
            {nameOf(path)}
          </Header>
        }
      >
        <div className="vams-facts">
          <ViewerSlot
            files={[
              {
                of: asset,
                path,
                size: file.size,
                ...(assetVersionId === undefined ? {} : { assetVersionId }),
              },
            ]}
            picture={
              <div className="vams-facts-picture">
                <Picture
                  of={asset}
                  picture={pictureOfFile(path, extension, file.size, file.previewFile)}
                  type={extension}
                  alt={`Picture of ${nameOf(path)}`}
                />
              </div>
            }
          />
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
      <MetadataEditor
        title="File metadata"
        target={{ kind: "file", ref: asset, filePath: path, type: "metadata" }}
        assetVersionId={assetVersionId}
        locked={!mayChange || file.isArchived}
      />
      <MetadataEditor
        title="File attributes"
        target={{ kind: "file", ref: asset, filePath: path, type: "attribute" }}
        assetVersionId={assetVersionId}
        locked={!mayChange || file.isArchived}
      />
      <Versions of={asset} path={path} versions={versions} mayRevert={mayChange} />
      {actions.dialogs}
    </SpaceBetween>
  );
}
