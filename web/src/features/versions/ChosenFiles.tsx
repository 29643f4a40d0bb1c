// Chooses the files of a version, and of each one of its versions.
import { useCollection } from "@cloudscape-design/collection-hooks";
import FormField from "@cloudscape-design/components/form-field";
import Pagination from "@cloudscape-design/components/pagination";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import type { AssetVersion } from "../../api/types";
import { getFileInfo, listFiles, type AssetRef } from "../../api/vams";
import { Empty } from "../../ui/Empty";
import { formatBytes, formatInstant, plural } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { versionName } from "../browse/items";

export interface ChosenFile {
  relativeKey: string;
  versionId: string;
}

interface Row {
  path: string;
  versionId: string;
  size: number | null;
  date: string;
}

const NONE: Row[] = [];

function VersionOf(props: {
  of: AssetRef;
  row: Row;
  versionId: string;
  onChange: (versionId: string) => void;
}) {
  const { of, row } = props;
  const [asked, setAsked] = useState(false);
  const info = useQuery({
    queryKey: ["file", of.databaseId, of.assetId, row.path],
    queryFn: ({ signal }) => getFileInfo(of, row.path, signal),
    enabled: asked,
  });
  const options = (info.data?.versions ?? [])
    .filter((version) => !version.isArchived)
    .map((version) => ({
      value: version.versionId,
      label: formatInstant(version.lastModified),
      description: `${formatBytes(version.size)}${version.isLatest ? " · latest" : ""}`,
    }));
  const present = { value: row.versionId, label: formatInstant(row.date) };
  return (
    <Select
      ariaLabel={`Version of ${row.path}`}
      options={options.length === 0 ? [present] : options}
      selectedOption={options.find((option) => option.value === props.versionId) ?? present}
      statusType={info.isLoading ? "loading" : "finished"}
      onFocus={() => setAsked(true)}
      onChange={({ detail }) => props.onChange(detail.selectedOption.value ?? row.versionId)}
    />
  );
}

export function ChosenFiles(props: {
  of: AssetRef;
  versions: AssetVersion[];
  onChange: (files: ChosenFile[]) => void;
}) {
  const { of, onChange } = props;
  const [base, setBase] = useState("");
  const list = useQuery({
    queryKey: ["files", of.databaseId, of.assetId, base || undefined, false],
    queryFn: ({ signal }) => listFiles(of, { assetVersionId: base || undefined }, signal),
  });
  const rows = useMemo(
    () =>
      list.data
        ?.filter((file) => !file.isFolder && !file.isPermanentlyDeleted && file.versionId !== null)
        .map<Row>((file) => ({
          path: file.relativePath,
          versionId: file.versionId ?? "",
          size: file.size,
          date: file.dateCreatedCurrentVersion,
        })) ?? NONE,
    [list.data],
  );
  const [picked, setPicked] = useState<Map<string, string>>(new Map());
  const { items, actions, filterProps, collectionProps, paginationProps, filteredItemsCount } =
    useCollection(rows, {
      filtering: {
        fields: ["path"],
        empty: <Empty title="No files" text="There is nothing to choose from." />,
        noMatch: <Empty title="No file fits" text="No path has these letters." />,
      },
      pagination: { pageSize: 50 },
      selection: { trackBy: "path", keepSelection: true },
    });
  const { setSelectedItems } = actions;
  useEffect(() => {
    setSelectedItems(rows);
    setPicked(new Map());
  }, [rows, setSelectedItems]);
  const selected = collectionProps.selectedItems;
  useEffect(() => {
    onChange(
      (selected ?? []).map((row) => ({
        relativeKey: row.path.replace(/^\//, ""),
        versionId: picked.get(row.path) ?? row.versionId,
      })),
    );
  }, [selected, picked, onChange]);

  const options = [
    { value: "", label: "Latest files" },
    ...props.versions.map((version) => ({
      value: version.Version,
      label: versionName(version.Version, version.versionAlias),
    })),
  ];
  if (list.error !== null)
    return <Problem error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <SpaceBetween size="s">
      <FormField label="Begin with">
        <Select
          options={options}
          selectedOption={options.find((option) => option.value === base) ?? null}
          onChange={({ detail }) => setBase(detail.selectedOption.value ?? "")}
        />
      </FormField>
      <Table
        {...collectionProps}
        selectionType="multi"
        variant="embedded"
        contentDensity="compact"
        wrapLines
        items={items}
        loading={list.isPending}
        loadingText="Loading files"
        trackBy="path"
        ariaLabels={{
          tableLabel: "Files of the version",
          selectionGroupLabel: "Files of the version",
          allItemsSelectionLabel: () => "Choose all",
          itemSelectionLabel: (_, row) => `Choose ${row.path}`,
        }}
        filter={
          <TextFilter
            {...filterProps}
            filteringPlaceholder="Find a file"
            filteringAriaLabel="Find a file of the version"
            filteringClearAriaLabel="Clear"
            countText={plural(filteredItemsCount ?? 0, "match", "matches")}
          />
        }
        pagination={rows.length > 50 && <Pagination {...paginationProps} />}
        columnDefinitions={[
          { id: "path", header: "File", cell: (row) => row.path, isRowHeader: true },
          {
            id: "version",
            header: "Version",
            width: 240,
            cell: (row) => (
              <VersionOf
                of={of}
                row={row}
                versionId={picked.get(row.path) ?? row.versionId}
                onChange={(versionId) => setPicked(new Map(picked).set(row.path, versionId))}
              />
            ),
          },
          { id: "size", header: "Size", cell: (row) => formatBytes(row.size), width: 110 },
        ]}
      />
    </SpaceBetween>
  );
}
