// One asset: what it is, its files, versions and metadata, now or as a version holds them. Below
// its address, a page for each file.
import Alert from "@cloudscape-design/components/alert";
import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useParams, useSearchParams } from "react-router-dom";
import type { Asset, AssetVersion } from "../../api/types";
import { getAsset, listVersions, type AssetRef } from "../../api/vams";
import { useTitle } from "../../app/context";
import { formatInstant, nameOf, plainDatabase } from "../../ui/format";
import { assetTypeName } from "../../ui/kinds";
import { Picture } from "../../ui/Picture";
import { Problem } from "../../ui/Problem";
import { Trail, type Step } from "../../ui/Trail";
import { assetPath, filePath, versionName } from "../browse/items";
import { FilesTable } from "./FilesTable";
import { FileView } from "./FileView";
import { MetadataTable } from "./MetadataTable";
import { VersionsTable } from "./VersionsTable";
import "./asset.css";

const NONE: AssetVersion[] = [];

function Facts({ asset, of }: { asset: Asset; of: AssetRef }) {
  const version = asset.currentVersion;
  return (
    <Container header={<Header variant="h2">About</Header>}>
      <div className="vams-facts">
        <div className="vams-facts-picture">
          <Picture
            of={of}
            picture={asset.previewLocation === null ? null : { kind: "asset" }}
            type={asset.assetType}
            alt={`Picture of ${asset.assetName}`}
          />
        </div>
        <KeyValuePairs
          columns={2}
          items={[
            { label: "Description", value: asset.description || "–" },
            {
              label: "Tags",
              value:
                asset.tags.length === 0 ? (
                  "–"
                ) : (
                  <SpaceBetween direction="horizontal" size="xxs">
                    {asset.tags.map((tag) => (
                      <Badge key={tag}>{tag}</Badge>
                    ))}
                  </SpaceBetween>
                ),
            },
            { label: "Type", value: assetTypeName(asset.assetType) },
            { label: "Identifier", value: asset.assetId },
            {
              label: "Current version",
              value:
                version === null
                  ? "–"
                  : `${versionName(version.Version, version.versionAlias)}, ${formatInstant(version.DateModified)}`,
            },
            { label: "Distributable", value: asset.isDistributable ? "Yes" : "No" },
            { label: "Made by", value: version?.createdBy ?? "–" },
            { label: "Bucket", value: asset.bucketName ?? "–" },
          ]}
        />
      </div>
    </Container>
  );
}

function VersionChoice(props: {
  versions: AssetVersion[];
  chosen: string | undefined;
  onChoose: (version: string | undefined) => void;
}) {
  const latest = { value: "", label: "Latest files" };
  const options = [
    latest,
    ...props.versions.map((version) => ({
      value: version.Version,
      label: versionName(version.Version, version.versionAlias),
      description: `${formatInstant(version.DateModified)}${version.Comment ? ` · ${version.Comment}` : ""}`,
    })),
  ];
  return (
    <FormField label="Version shown">
      <Select
        options={options}
        selectedOption={options.find((option) => option.value === props.chosen) ?? latest}
        onChange={({ detail }) => props.onChoose(detail.selectedOption.value || undefined)}
      />
    </FormField>
  );
}

const TABS = ["files", "versions", "metadata"];

function AssetTabs(props: {
  asset: AssetRef;
  versions: AssetVersion[];
  assetVersionId: string | undefined;
}) {
  const { asset, assetVersionId } = props;
  const [url, setUrl] = useSearchParams();
  const wanted = url.get("tab") ?? "";
  const target = useMemo(() => ({ kind: "asset" as const, ref: asset }), [asset]);
  return (
    <Tabs
      ariaLabel="Parts of the asset"
      activeTabId={TABS.includes(wanted) ? wanted : "files"}
      onChange={({ detail }) => {
        const next = new URLSearchParams(url);
        if (detail.activeTabId === "files") next.delete("tab");
        else next.set("tab", detail.activeTabId);
        setUrl(next, { replace: true });
      }}
      tabs={[
        {
          id: "files",
          label: "Files",
          content: <FilesTable asset={asset} assetVersionId={assetVersionId} />,
        },
        {
          id: "versions",
          label: "Versions",
          content: <VersionsTable asset={asset} versions={props.versions} />,
        },
        {
          id: "metadata",
          label: "Metadata",
          content: (
            <MetadataTable title="Metadata" target={target} assetVersionId={assetVersionId} />
          ),
        },
      ]}
    />
  );
}

function Archived({ asset }: { asset: Asset }) {
  if (asset.status !== "archived") return null;
  const by = asset.archivedBy ? ` by ${asset.archivedBy}` : "";
  const when = asset.archivedAt ? ` on ${formatInstant(asset.archivedAt)}` : "";
  return (
    <Alert type="warning" header="This asset is archived">
      {`Put away${by}${when}.`}
      {asset.archivedReason ? ` Reason: ${asset.archivedReason}` : ""}
    </Alert>
  );
}

export function AssetPage() {
  const { databaseId = "", assetId = "", "*": rest = "" } = useParams();
  const of = useMemo<AssetRef>(() => ({ databaseId, assetId }), [databaseId, assetId]);
  const path = rest === "" ? null : `/${rest}`;
  const [url, setUrl] = useSearchParams();
  const assetVersionId = url.get("assetVersionId") ?? undefined;
  const asset = useQuery({
    queryKey: ["asset", databaseId, assetId],
    queryFn: ({ signal }) => getAsset(of, signal),
  });
  const versions = useQuery({
    queryKey: ["versions", databaseId, assetId],
    queryFn: ({ signal }) => listVersions(of, signal),
    enabled: asset.isSuccess,
  });
  const name = asset.data?.assetName ?? assetId;
  const file = path === null ? undefined : nameOf(path);
  useTitle(name, file);

  const choose = (version: string | undefined) => {
    const next = new URLSearchParams(url);
    if (version === undefined) next.delete("assetVersionId");
    else next.set("assetVersionId", version);
    setUrl(next);
  };
  const here = assetPath(databaseId, assetId);
  const plain = plainDatabase(databaseId);
  const steps: Step[] = [
    { text: "Databases", path: "/databases" },
    { text: plain, path: `/databases/${encodeURIComponent(plain)}/assets` },
    { text: name, path: here },
  ];
  if (path !== null && file !== undefined)
    steps.push({ text: file, path: filePath(databaseId, assetId, path) });
  const failed = asset.error ?? versions.error;
  const chosen = versions.data?.find((version) => version.Version === assetVersionId);
  return (
    <SpaceBetween size="l">
      <Trail steps={steps} />
      <Header variant="h1">{name}</Header>
      {failed !== null && (
        <Problem
          error={failed}
          onRetry={() => {
            void asset.refetch();
            void versions.refetch();
          }}
        />
      )}
      {failed === null && asset.data === undefined && (
        <div className="vams-waiting" role="status" aria-label="Loading" />
      )}
      {failed === null && asset.data !== undefined && (
        <>
          <Archived asset={asset.data} />
          {path === null && <Facts asset={asset.data} of={of} />}
          {path === null && (
            <div className="vams-version-choice">
              <VersionChoice
                versions={versions.data ?? NONE}
                chosen={assetVersionId}
                onChoose={choose}
              />
            </div>
          )}
          {assetVersionId !== undefined && (
            <Alert
              type="info"
              action={<Button onClick={() => choose(undefined)}>Show the latest</Button>}
            >
              {`Files and metadata are shown as ${chosen === undefined ? `v${assetVersionId}` : versionName(chosen.Version, chosen.versionAlias)} holds them.`}
            </Alert>
          )}
          {path === null ? (
            <AssetTabs
              asset={of}
              versions={versions.data ?? NONE}
              assetVersionId={assetVersionId}
            />
          ) : (
            <FileView asset={of} path={path} assetVersionId={assetVersionId} />
          )}
        </>
      )}
    </SpaceBetween>
  );
}
