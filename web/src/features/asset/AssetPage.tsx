// One asset: what it is, its files, versions and metadata, now or as a version holds them. Below
// its address, a page for each file.
import Alert from "@cloudscape-design/components/alert";
import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, type ReactNode } from "react";
import { useParams, useSearchParams } from "react-router-dom";
import type { Asset, AssetVersion } from "../../api/types";
import { getAsset, listVersions, type AssetRef } from "../../api/vams";
import { useTitle } from "../../app/context";
import { useMayChange } from "../../app/rights";
import { formatInstant, nameOf, plainDatabase } from "../../ui/format";
import { assetTypeName } from "../../ui/kinds";
import { Picture } from "../../ui/Picture";
import { Problem } from "../../ui/Problem";
import { Trail, type Step } from "../../ui/Trail";
import { assetPath, filePath, versionName } from "../browse/items";
import { FileManager } from "../files/FileManager";
import { parentOf } from "../files/tree";
import { MetadataEditor } from "../metadata/MetadataEditor";
import { AssetDrop } from "../upload/AssetDrop";
import { AssetActions } from "./AssetActions";
import "./asset.css";

const FileView = lazy(async () => ({ default: (await import("./FileView")).FileView }));
const VersionsTable = lazy(async () => ({
  default: (await import("../versions/VersionsTable")).VersionsTable,
}));
const CommentsTab = lazy(async () => ({
  default: (await import("../comments/CommentsTab")).CommentsTab,
}));
const LinksTab = lazy(async () => ({ default: (await import("../links/LinksTab")).LinksTab }));

const NONE: AssetVersion[] = [];

function Facts({ asset, of, children }: { asset: Asset; of: AssetRef; children: ReactNode }) {
  const version = asset.currentVersion;
  return (
    <Container
      header={
        <Header variant="h2" actions={children}>
          About
        </Header>
      }
    >
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
          columns={4}
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
    <div className="vams-version-choice">
      <Select
        ariaLabel="Version shown"
        inlineLabelText="Version shown"
        options={options}
        selectedOption={options.find((option) => option.value === props.chosen) ?? latest}
        onChange={({ detail }) => props.onChoose(detail.selectedOption.value || undefined)}
      />
    </div>
  );
}

function Part({ children }: { children: ReactNode }) {
  return (
    <Suspense fallback={<div className="vams-loading" role="status" aria-label="Loading" />}>
      {children}
    </Suspense>
  );
}

const TABS = ["files", "versions", "metadata", "links", "comments"];

function AssetTabs(props: {
  of: AssetRef;
  asset: Asset;
  versions: AssetVersion[];
  assetVersionId: string | undefined;
}) {
  const { of, asset, assetVersionId } = props;
  const [url, setUrl] = useSearchParams();
  const wanted = url.get("tab") ?? "";
  const target = useMemo(() => ({ kind: "asset" as const, ref: of }), [of]);
  const locked = asset.status === "archived";
  return (
    <Tabs
      ariaLabel="Parts of the asset"
      activeTabId={TABS.includes(wanted) ? wanted : "files"}
      onChange={({ detail }) => {
        const next = new URLSearchParams(url);
        for (const name of ["folder", "compare"]) next.delete(name);
        if (detail.activeTabId === "files") next.delete("tab");
        else next.set("tab", detail.activeTabId);
        setUrl(next, { replace: true });
      }}
      tabs={[
        {
          id: "files",
          label: "Files",
          content: <FileManager of={of} asset={asset} assetVersionId={assetVersionId} />,
        },
        {
          id: "versions",
          label: "Versions",
          content: (
            <Part>
              <VersionsTable asset={of} versions={props.versions} locked={locked} />
            </Part>
          ),
        },
        {
          id: "metadata",
          label: "Metadata",
          content: (
            <MetadataEditor
              title="Metadata"
              target={target}
              assetVersionId={assetVersionId}
              locked={locked}
            />
          ),
        },
        {
          id: "links",
          label: "Relationships",
          content: (
            <Part>
              <LinksTab of={of} name={asset.assetName} locked={locked} />
            </Part>
          ),
        },
        {
          id: "comments",
          label: "Comments",
          content: (
            <Part>
              <CommentsTab
                assetId={of.assetId}
                version={assetVersionId ?? asset.currentVersion?.Version ?? "0"}
                locked={locked}
              />
            </Part>
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
      {" Its files, versions and metadata are kept, and can be looked at when it is brought back."}
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
    enabled: asset.data?.status === "active",
  });
  const mayDrop = useMayChange() && assetVersionId === undefined && asset.data?.status === "active";
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
  const failed = asset.error ?? (asset.data?.status === "archived" ? null : versions.error);
  const chosen = versions.data?.find((version) => version.Version === assetVersionId);
  const page = (
    <SpaceBetween size="l">
      <Trail steps={steps} />
      <Header
        variant="h1"
        actions={
          asset.data !== undefined &&
          failed === null &&
          path === null && <AssetActions of={of} asset={asset.data} />
        }
      >
        {name}
      </Header>
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
          {path === null && (
            <Facts asset={asset.data} of={of}>
              {asset.data.status === "active" && (
                <VersionChoice
                  versions={versions.data ?? NONE}
                  chosen={assetVersionId}
                  onChoose={choose}
                />
              )}
            </Facts>
          )}
          {assetVersionId !== undefined && (
            <Alert
              type="info"
              action={<Button onClick={() => choose(undefined)}>Show the latest</Button>}
            >
              {`Files and metadata are shown as ${chosen === undefined ? `v${assetVersionId}` : versionName(chosen.Version, chosen.versionAlias)} holds them.`}
            </Alert>
          )}
          {asset.data.status === "archived" ? null : path === null ? (
            <AssetTabs
              of={of}
              asset={asset.data}
              versions={versions.data ?? NONE}
              assetVersionId={assetVersionId}
            />
          ) : (
            <Part>
              <FileView
                asset={of}
                record={asset.data}
                path={path}
                assetVersionId={assetVersionId}
              />
            </Part>
          )}
        </>
      )}
    </SpaceBetween>
  );
  return (
    <AssetDrop
      of={of}
      asset={mayDrop ? (asset.data ?? null) : null}
      folder={path === null ? (url.get("folder") ?? "/") : parentOf(path)}
    >
      {page}
    </AssetDrop>
  );
}
