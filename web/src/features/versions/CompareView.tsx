// Two versions beside each other: files and metadata that were added, removed or changed.
import { useCollection } from "@cloudscape-design/collection-hooks";
import Badge, { type BadgeProps } from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import Toggle from "@cloudscape-design/components/toggle";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router-dom";
import type { AssetVersion, ValueType } from "../../api/types";
import { getMetadata, getVersion, listFiles, type AssetRef } from "../../api/vams";
import { Empty } from "../../ui/Empty";
import { formatBytes, formatCount, formatInstant } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { Problem } from "../../ui/Problem";
import { comparisonFor } from "../../viewers/registry";
import { filePath, versionName } from "../browse/items";
import { isBlock, valueText } from "../metadata/text";
import {
  compareFiles,
  compareMetadata,
  countStates,
  sideOfNow,
  sideOfVersion,
  type Difference,
  type FileDifference,
  type Side,
  type ValueDifference,
} from "./compare";
import { CompareFile, type End } from "./CompareFile";
import "./versions.css";

/** Stands for the files as they are now. */
export const NOW = "now";

const STATES: Record<Difference, [string, NonNullable<BadgeProps["color"]>]> = {
  added: ["Added", "green"],
  removed: ["Removed", "red"],
  changed: ["Changed", "blue"],
  same: ["Same", "grey"],
};

function useSide(of: AssetRef, version: string) {
  return useQuery({
    queryKey: ["compare", of.databaseId, of.assetId, version],
    queryFn: async ({ signal }): Promise<Side> => {
      if (version !== NOW) return sideOfVersion(await getVersion(of, version, signal));
      const [files, metadata] = await Promise.all([
        listFiles(of, {}, signal),
        getMetadata({ kind: "asset", ref: of }, undefined, signal),
      ]);
      return sideOfNow(files, metadata.metadata);
    },
    // A version stays as it is.
    staleTime: version === NOW ? 0 : Infinity,
  });
}

function Mark({ state }: { state: Difference }) {
  const [text, color] = STATES[state];
  return <Badge color={color}>{text}</Badge>;
}

function Value(props: { of: { value: string; valueType: ValueType } | null }) {
  if (props.of === null) return <span className="vams-none">–</span>;
  const { value, valueType } = props.of;
  const text = valueText({ metadataValue: value, metadataValueType: valueType });
  return isBlock(valueType) ? (
    <pre className="vams-value" tabIndex={0}>
      {text}
    </pre>
  ) : (
    <span className="vams-value">{text}</span>
  );
}

function Size(props: { of: { size: number | null } | null }) {
  return props.of === null ? (
    <span className="vams-none">–</span>
  ) : (
    <>{formatBytes(props.of.size)}</>
  );
}

function fileColumns(
  of: AssetRef,
  names: { before: string; after: string },
  versions: { before: string; after: string },
  onShow: (file: FileDifference) => void,
): TableProps.ColumnDefinition<FileDifference>[] {
  const link = (file: FileDifference) => {
    const at = file.after === null ? versions.before : versions.after;
    const query = at === NOW ? "" : `?assetVersionId=${encodeURIComponent(at)}`;
    return `${filePath(of.databaseId, of.assetId, file.path)}${query}`;
  };
  return [
    {
      id: "path",
      header: "File",
      cell: (file) => <InternalLink to={link(file)}>{file.path}</InternalLink>,
      isRowHeader: true,
      minWidth: 200,
    },
    { id: "state", header: "Difference", cell: (file) => <Mark state={file.state} />, width: 130 },
    { id: "before", header: names.before, cell: (file) => <Size of={file.before} />, width: 170 },
    { id: "after", header: names.after, cell: (file) => <Size of={file.after} />, width: 170 },
    {
      id: "show",
      header: <span className="vams-sr">Beside each other</span>,
      cell: (file) =>
        file.state === "changed" &&
        comparisonFor(file.path) !== undefined && (
          <Button
            variant="inline-link"
            ariaLabel={`Compare ${file.path}`}
            onClick={() => onShow(file)}
          >
            Compare
          </Button>
        ),
      width: 120,
    },
  ];
}

function valueColumns(names: {
  before: string;
  after: string;
}): TableProps.ColumnDefinition<ValueDifference>[] {
  return [
    {
      id: "key",
      header: "Field",
      cell: (item) => (
        <>
          {item.key} {item.attribute && <Badge>Attribute</Badge>}
          <div className="vams-before">{item.filePath || "The asset"}</div>
        </>
      ),
      isRowHeader: true,
      minWidth: 160,
    },
    { id: "state", header: "Difference", cell: (item) => <Mark state={item.state} />, width: 130 },
    {
      id: "before",
      header: names.before,
      cell: (item) => <Value of={item.before} />,
      minWidth: 160,
    },
    { id: "after", header: names.after, cell: (item) => <Value of={item.after} />, minWidth: 160 },
  ];
}

function Differences<T extends { state: Difference }>(props: {
  title: string;
  items: T[];
  all: boolean;
  trackBy: (item: T) => string;
  columns: TableProps.ColumnDefinition<T>[];
  loading: boolean;
}) {
  const counts = countStates(props.items);
  const shown = useMemo(
    () => (props.all ? props.items : props.items.filter((item) => item.state !== "same")),
    [props.all, props.items],
  );
  const { items, collectionProps, paginationProps } = useCollection(shown, {
    filtering: {
      empty: (
        <Empty
          title="No difference"
          text={
            counts.same === 0
              ? "Neither of the two holds any."
              : `${formatCount(counts.same)} are the same in both.`
          }
        />
      ),
    },
    pagination: { pageSize: 100 },
  });
  return (
    <Table
      {...collectionProps}
      columnDefinitions={props.columns}
      items={items}
      loading={props.loading}
      loadingText="Comparing"
      trackBy={props.trackBy}
      wrapLines
      contentDensity="compact"
      ariaLabels={{ tableLabel: `Differences: ${props.title}` }}
      header={
        <Header
          variant="h2"
          description={`${formatCount(counts.added)} added, ${formatCount(counts.removed)} removed, ${formatCount(counts.changed)} changed, ${formatCount(counts.same)} the same`}
        >
          {props.title}
        </Header>
      }
      pagination={shown.length > 100 && <Pagination {...paginationProps} />}
    />
  );
}

const NONE: never[] = [];

const endOf = (name: string, version: string): End => ({
  name,
  assetVersionId: version === NOW ? undefined : version,
});

/** The file that is shown in both versions. */
function useShown(): [string | null, (path: string | null) => void] {
  const [url, setUrl] = useSearchParams();
  const show = (path: string | null) => {
    const next = new URLSearchParams(url);
    if (path === null) next.delete("compareFile");
    else next.set("compareFile", path);
    setUrl(next);
  };
  return [url.get("compareFile"), show];
}

export function CompareView(props: {
  of: AssetRef;
  versions: AssetVersion[];
  before: string;
  after: string;
  onChange: (before: string, after: string) => void;
  onClose: () => void;
}) {
  const { of, before, after, onChange } = props;
  const [all, setAll] = useState(false);
  const [path, show] = useShown();
  const left = useSide(of, before);
  const right = useSide(of, after);
  const options = [
    { value: NOW, label: "Latest files", description: "As they are now" },
    ...props.versions.map((version) => ({
      value: version.Version,
      label: versionName(version.Version, version.versionAlias),
      description: `${formatInstant(version.DateModified)}${version.Comment ? ` · ${version.Comment}` : ""}`,
    })),
  ];
  const nameOf = (value: string) =>
    options.find((option) => option.value === value)?.label ?? `v${value}`;
  const choice = (label: string, value: string, change: (value: string) => void) => (
    <FormField label={label}>
      <Select
        options={options}
        selectedOption={options.find((option) => option.value === value) ?? null}
        onChange={({ detail }) => change(detail.selectedOption.value ?? NOW)}
      />
    </FormField>
  );
  const names = { before: nameOf(before), after: nameOf(after) };
  const a = left.data;
  const b = right.data;
  const loading = a === undefined || b === undefined;
  // Of the files' metadata only versions keep a record as a whole.
  const onlyAsset = before === NOW || after === NOW;
  const files = useMemo(
    () => (a === undefined || b === undefined ? NONE : compareFiles(a, b)),
    [a, b],
  );
  const metadata = useMemo(
    () => (a === undefined || b === undefined ? NONE : compareMetadata(a, b, onlyAsset)),
    [a, b, onlyAsset],
  );
  const shown = files.find((file) => file.path === path && file.state === "changed");
  const failed = left.error ?? right.error;
  return (
    <SpaceBetween size="m">
      <div className="vams-compare-head">
        {choice("From", before, (value) => onChange(value, after))}
        <Button ariaLabel="Exchange the two" onClick={() => onChange(after, before)}>
          Exchange
        </Button>
        {choice("To", after, (value) => onChange(before, value))}
        <Toggle checked={all} onChange={({ detail }) => setAll(detail.checked)}>
          Show what is the same
        </Toggle>
        <Button wrapText={false} onClick={props.onClose}>
          All versions
        </Button>
      </div>
      {failed !== null && (
        <Problem
          error={failed}
          onRetry={() => {
            void left.refetch();
            void right.refetch();
          }}
        />
      )}
      {failed === null && (
        <>
          {shown !== undefined && (
            <CompareFile
              of={of}
              file={shown}
              before={endOf(names.before, before)}
              after={endOf(names.after, after)}
              onClose={() => show(null)}
            />
          )}
          <Differences
            title="Files"
            items={files}
            all={all}
            trackBy={(file) => file.path}
            columns={fileColumns(of, names, { before, after }, (file) => show(file.path))}
            loading={loading}
          />
          <Differences
            title={onlyAsset ? "Metadata of the asset" : "Metadata"}
            items={metadata}
            all={all}
            trackBy={(item) => item.id}
            columns={valueColumns(names)}
            loading={loading}
          />
        </>
      )}
    </SpaceBetween>
  );
}
