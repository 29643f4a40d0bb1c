// What is known about an asset or a file.
import Badge from "@cloudscape-design/components/badge";
import Header from "@cloudscape-design/components/header";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import type { MetadataItem } from "../../api/types";
import { getMetadata, type MetadataTarget } from "../../api/vams";
import { Empty } from "../../ui/Empty";
import { formatCount } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { isBlock, TYPE_NAMES, valueText } from "./metadata";

const NONE: MetadataItem[] = [];

const COLUMNS: TableProps.ColumnDefinition<MetadataItem>[] = [
  {
    id: "key",
    header: "Field",
    cell: (item) => (
      <>
        {item.metadataKey}{" "}
        {item.metadataSchemaRequired && item.metadataValue === "" && (
          <Badge color="red">Required</Badge>
        )}
      </>
    ),
    isRowHeader: true,
    width: "26%",
  },
  {
    id: "value",
    header: "Value",
    cell: (item) =>
      isBlock(item.metadataValueType) ? (
        <pre className="vams-value">{valueText(item)}</pre>
      ) : (
        <span className="vams-value">{valueText(item)}</span>
      ),
  },
  {
    id: "type",
    header: "Type",
    cell: (item) => TYPE_NAMES[item.metadataValueType] ?? item.metadataValueType,
    width: "16%",
  },
  {
    id: "schema",
    header: "Schema",
    cell: (item) => item.metadataSchemaName ?? "–",
    width: "20%",
  },
];

export function MetadataTable(props: {
  title: string;
  target: MetadataTarget;
  assetVersionId: string | undefined;
}) {
  const { target, assetVersionId } = props;
  const list = useQuery({
    queryKey: ["metadata", target, assetVersionId],
    queryFn: ({ signal }) => getMetadata(target, assetVersionId, signal),
  });
  if (list.error !== null)
    return <Problem error={list.error} onRetry={() => void list.refetch()} />;
  const items = list.data?.metadata ?? NONE;
  return (
    <Table
      columnDefinitions={COLUMNS}
      items={items}
      loading={list.isPending}
      loadingText="Loading"
      trackBy="metadataKey"
      wrapLines
      contentDensity="compact"
      ariaLabels={{ tableLabel: props.title }}
      header={
        <Header variant="h2" counter={list.isPending ? "" : `(${formatCount(items.length)})`}>
          {props.title}
        </Header>
      }
      empty={<Empty title="Nothing is written down" text="No field has a value here." />}
    />
  );
}
