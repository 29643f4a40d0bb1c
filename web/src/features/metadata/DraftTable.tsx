// The rows of an editor: each is shown as people read it, and opened for editing one by one.
import { useCollection } from "@cloudscape-design/collection-hooks";
import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Pagination from "@cloudscape-design/components/pagination";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useMemo, useState, type ReactNode } from "react";
import { VALUE_TYPES, type ValueType } from "../../api/types";
import { Empty } from "../../ui/Empty";
import { plural } from "../../ui/format";
import { isChanged, type Row } from "./draft";
import { isBlock, TYPE_NAMES, valueText } from "./text";
import type { Draft } from "./useDraft";
import { ValueEditor } from "./ValueEditor";
import "./metadata.css";

const PAGE = 50;
const TYPES = VALUE_TYPES.map((value) => ({ value, label: TYPE_NAMES[value] }));

function Value({ row }: { row: Row }) {
  const text = valueText({ metadataValue: row.value, metadataValueType: row.type });
  return isBlock(row.type) ? (
    <pre className="vams-value" tabIndex={0}>
      {text}
    </pre>
  ) : (
    <span className="vams-value">{text}</span>
  );
}

function Marks({ row, problem }: { row: Row; problem: string }) {
  const marks = [];
  if (row.removed) marks.push(<Badge color="red">Will be removed</Badge>);
  else if (row.stored === null && row.schema === null) marks.push(<Badge color="blue">New</Badge>);
  else if (isChanged(row)) marks.push(<Badge color="blue">Changed</Badge>);
  if (row.schema?.required === true && row.value === "")
    marks.push(<Badge color="red">Required</Badge>);
  if (row.schema?.conflict === true)
    marks.push(<Badge color="severity-medium">Schemas disagree</Badge>);
  if (problem !== "" && row.value !== "") marks.push(<Badge color="red">Not valid</Badge>);
  return (
    <SpaceBetween direction="horizontal" size="xxs">
      {marks.map((mark, index) => (
        <span key={index}>{mark}</span>
      ))}
    </SpaceBetween>
  );
}

function OpenRow(props: { row: Row; draft: Draft; problem: string; types: ValueType[] }) {
  const { row, draft, problem } = props;
  const [raw, setRaw] = useState(false);
  const name = row.key === "" ? "New field" : row.key;
  const plainText = ["string", "multiline_string", "json", "geojson"].includes(row.type);
  return (
    <SpaceBetween size="xxs">
      <FormField errorText={problem} stretch>
        <ValueEditor
          key={`${row.type} ${raw}`}
          type={row.type}
          value={row.value}
          list={row.schema?.list ?? null}
          raw={raw}
          label={name}
          invalid={problem !== ""}
          onChange={(value) => draft.change(row.id, { value })}
        />
      </FormField>
      <SpaceBetween direction="horizontal" size="s">
        {!plainText && (
          <Button variant="inline-link" onClick={() => setRaw(!raw)}>
            {raw ? "Edit as fields" : "Edit as text"}
          </Button>
        )}
        {row.stored !== null && row.stored.value !== row.value && (
          <span className="vams-before">
            Was:{" "}
            {valueText({ metadataValue: row.stored.value, metadataValueType: row.stored.type })}
          </span>
        )}
      </SpaceBetween>
    </SpaceBetween>
  );
}

function useColumns(props: {
  draft: Draft;
  readOnly: boolean;
  types: ValueType[];
  open: Set<string>;
  toggle: (id: string) => void;
}): TableProps.ColumnDefinition<Row>[] {
  const { draft, readOnly, types, open, toggle } = props;
  return useMemo(() => {
    const problemOf = (row: Row) => draft.problems.get(row.id) ?? "";
    const isOpen = (row: Row) => !readOnly && !row.removed && open.has(row.id);
    const own = (row: Row) => row.stored === null && row.schema === null;
    const columns: TableProps.ColumnDefinition<Row>[] = [
      {
        id: "key",
        header: "Field",
        isRowHeader: true,
        width: "22%",
        minWidth: 140,
        cell: (row) => (
          <SpaceBetween size="xxs">
            {isOpen(row) && own(row) ? (
              <Input
                value={row.key}
                onChange={({ detail }) => draft.change(row.id, { key: detail.value })}
                placeholder="Name of the field"
                ariaLabel="Name of the field"
                autoFocus
              />
            ) : (
              <span className={row.removed ? "vams-removed" : ""}>{row.key || "New field"}</span>
            )}
            <Marks row={row} problem={problemOf(row)} />
          </SpaceBetween>
        ),
      },
      {
        id: "value",
        header: "Value",
        width: "40%",
        minWidth: 240,
        cell: (row) =>
          isOpen(row) ? (
            <OpenRow row={row} draft={draft} problem={problemOf(row)} types={types} />
          ) : (
            <Value row={row} />
          ),
      },
      {
        id: "type",
        header: "Type",
        width: "16%",
        minWidth: 130,
        cell: (row) =>
          isOpen(row) &&
          (row.schema === null || row.stored?.type !== row.type) &&
          types.length > 1 ? (
            <Select
              ariaLabel={`Type of ${row.key || "the new field"}`}
              options={TYPES.filter((type) => types.includes(type.value))}
              selectedOption={TYPES.find((type) => type.value === row.type) ?? null}
              onChange={({ detail }) =>
                draft.change(row.id, { type: detail.selectedOption.value as ValueType })
              }
            />
          ) : (
            (TYPE_NAMES[row.type] ?? row.type)
          ),
      },
      {
        id: "schema",
        header: "Schema",
        width: "14%",
        minWidth: 110,
        cell: (row) => row.schema?.name ?? "–",
      },
    ];
    if (!readOnly)
      columns.push({
        id: "actions",
        header: <span className="vams-sr">Actions</span>,
        width: 130,
        cell: (row) => {
          const name = row.key || "the new field";
          const mayRemove = !row.removed && row.schema === null;
          return (
            <div className="vams-row-actions">
              {!row.removed && (
                <Button
                  variant="icon"
                  iconName={open.has(row.id) ? "check" : "edit"}
                  ariaLabel={open.has(row.id) ? `Close ${name}` : `Edit ${name}`}
                  onClick={() => toggle(row.id)}
                />
              )}
              {isChanged(row) && !own(row) && (
                <Button
                  variant="icon"
                  iconName="undo"
                  ariaLabel={`Undo the change of ${name}`}
                  onClick={() => draft.undo(row.id)}
                />
              )}
              {mayRemove && (
                <Button
                  variant="icon"
                  iconName="remove"
                  ariaLabel={`Remove ${name}`}
                  onClick={() => draft.remove(row.id)}
                />
              )}
            </div>
          );
        },
      });
    return columns;
  }, [draft, readOnly, types, open, toggle]);
}

const ALL_TYPES = [...VALUE_TYPES];

export function DraftTable(props: {
  draft: Draft;
  header: ReactNode;
  label: string;
  loading?: boolean;
  readOnly?: boolean;
  /** What new fields may be. */
  types?: ValueType[];
  /** Fields beside those of schemas may be added. */
  mayAdd?: boolean;
  variant?: TableProps.Variant;
}) {
  const { draft } = props;
  const readOnly = props.readOnly === true;
  const [open, setOpen] = useState<Set<string>>(new Set());
  const toggle = useMemo(
    () => (id: string) =>
      setOpen((now) => {
        const next = new Set(now);
        if (!next.delete(id)) next.add(id);
        return next;
      }),
    [],
  );
  const types = props.types ?? ALL_TYPES;
  const columns = useColumns({ draft, readOnly, types, open, toggle });
  const mayAdd = !readOnly && props.mayAdd !== false;
  const add = () => {
    const id = draft.add();
    setOpen((now) => new Set(now).add(id));
    actions.setFiltering("");
    actions.setCurrentPage(Math.ceil((draft.rows.length + 1) / PAGE));
  };
  const { items, actions, filterProps, collectionProps, paginationProps, filteredItemsCount } =
    useCollection(draft.rows, {
      filtering: {
        filteringFunction: (row, text) =>
          `${row.key} ${row.value} ${row.type}`.toLowerCase().includes(text.toLowerCase()),
        empty: (
          <Empty
            title="Nothing is written down"
            text="No field has a value here."
            action={mayAdd && <Button onClick={() => add()}>Add a field</Button>}
          />
        ),
        noMatch: <Empty title="No field fits" text="No name, value or type has these letters." />,
      },
      pagination: { pageSize: PAGE },
      selection: {},
    });
  return (
    <Table
      {...collectionProps}
      variant={props.variant ?? "container"}
      columnDefinitions={columns}
      items={items}
      loading={props.loading === true}
      loadingText="Loading"
      trackBy="id"
      wrapLines
      contentDensity="compact"
      ariaLabels={{ tableLabel: props.label }}
      header={props.header}
      filter={
        draft.rows.length > 8 && (
          <TextFilter
            {...filterProps}
            filteringPlaceholder="Find a field"
            filteringAriaLabel={`Find a field of ${props.label}`}
            filteringClearAriaLabel="Clear"
            countText={plural(filteredItemsCount ?? 0, "match", "matches")}
          />
        )
      }
      pagination={draft.rows.length > PAGE && <Pagination {...paginationProps} />}
      footer={
        mayAdd &&
        draft.rows.length > 0 && (
          <Button iconName="add-plus" onClick={add}>
            Add a field
          </Button>
        )
      }
    />
  );
}
