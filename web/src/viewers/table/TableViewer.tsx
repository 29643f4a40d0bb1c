// A table of any length and width: only the cells in sight are made.
import Button from "@cloudscape-design/components/button";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { formatCount, nameOf, plural } from "../../ui/format";
import type { ViewerFile, ViewerProps } from "../registry";
import { Failure } from "../shared/Failure";
import { keyOf } from "../shared/file";
import { Frame, Waiting } from "../shared/Frame";
import type { TableContent, TablePart } from "./content";
import { rowsWith } from "./read";
import { loadTable, type Wanted } from "./source";
import "./table.css";

const ROW = 32;
const CHARACTER = 8;
const PADDING = 24;

export default function TableViewer({ files }: ViewerProps) {
  const [file] = files;
  return file === undefined ? null : <Shown key={file.path} file={file} />;
}

function Grid(props: {
  table: TableContent;
  rows: string[][];
  /** The number of the first row in the file. */
  first: number;
  label: string;
}) {
  const { table, rows, label } = props;
  const area = useRef<HTMLDivElement>(null);
  const down = useVirtualizer({
    count: rows.length,
    getScrollElement: () => area.current,
    estimateSize: () => ROW,
    overscan: 12,
    paddingStart: ROW,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: table.columns.length,
    getScrollElement: () => area.current,
    estimateSize: (at) => (table.widths[at] ?? 0) * CHARACTER + PADDING,
    overscan: 4,
  });
  const width = across.getTotalSize();
  const columns = across.getVirtualItems();
  return (
    <div
      ref={area}
      className="vams-viewer-scroll vams-cells"
      role="table"
      aria-label={label}
      aria-rowcount={props.first + rows.length + 1}
      aria-colcount={table.columns.length}
      tabIndex={0}
    >
      <div role="rowgroup" style={{ width, height: down.getTotalSize(), position: "relative" }}>
        <div className="vams-cells-head" role="row" aria-rowindex={1} style={{ height: ROW }}>
          {columns.map((column) => (
            <span
              key={column.key}
              role="columnheader"
              aria-colindex={column.index + 1}
              title={table.columns[column.index]}
              style={{ left: column.start, width: column.size }}
            >
              {table.columns[column.index]}
            </span>
          ))}
        </div>
        {down.getVirtualItems().map((row) => (
          <div
            key={row.key}
            className="vams-cells-row"
            role="row"
            aria-rowindex={props.first + row.index + 2}
            data-odd={row.index % 2 === 1}
            style={{ top: row.start, height: ROW }}
          >
            {columns.map((column) => {
              const cell = rows[row.index]?.[column.index] ?? "";
              return (
                <span
                  key={column.key}
                  role="cell"
                  aria-colindex={column.index + 1}
                  title={cell}
                  style={{ left: column.start, width: column.size }}
                >
                  {cell}
                </span>
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

function Tools(props: {
  table: TablePart;
  text: string;
  onText: (text: string) => void;
  wanted: Wanted;
  onWanted: (wanted: Wanted) => void;
}) {
  const { table, wanted, onWanted } = props;
  const end = table.from + table.rows.length;
  const options = table.sheets.map((sheet) => ({ value: sheet, label: sheet }));
  return (
    <>
      <Input
        type="search"
        value={props.text}
        placeholder="Rows with…"
        ariaLabel="Only rows that hold"
        clearAriaLabel="Clear"
        onChange={({ detail }) => props.onText(detail.value)}
      />
      {options.length > 1 && (
        <Select
          ariaLabel="Sheet"
          inlineLabelText="Sheet"
          options={options}
          selectedOption={
            options.find((option) => option.value === wanted.sheet) ?? options[0] ?? null
          }
          onChange={({ detail }) =>
            onWanted({ from: 0, sheet: detail.selectedOption.value ?? null })
          }
        />
      )}
      {table.rows.length < table.total && (
        <>
          <Button
            iconName="angle-left"
            ariaLabel="Rows before"
            disabled={table.from === 0}
            onClick={() => onWanted({ ...wanted, from: Math.max(0, table.from - table.atOnce) })}
          />
          <span className="vams-rows">
            Rows {formatCount(table.from + 1)} to {formatCount(end)} of {formatCount(table.total)}
          </span>
          <Button
            iconName="angle-right"
            ariaLabel="Next rows"
            disabled={end >= table.total}
            onClick={() => onWanted({ ...wanted, from: end })}
          />
        </>
      )}
    </>
  );
}

function Shown({ file }: { file: ViewerFile }) {
  const [wanted, setWanted] = useState<Wanted>({ from: 0, sheet: null });
  const content = useQuery({
    queryKey: ["viewer", "table", ...keyOf(file), wanted],
    queryFn: ({ signal }) => loadTable(file, wanted, signal),
    placeholderData: keepPreviousData,
    // So many rows are not compared with the ones before.
    structuralSharing: false,
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  const [text, setText] = useState("");
  const sought = useDeferredValue(text);
  const table = content.data;
  const rows = useMemo(
    () => (table === undefined ? [] : rowsWith(table.rows, sought)),
    [table, sought],
  );
  const name = nameOf(file.path);
  return (
    <Frame
      label={`Table ${name}`}
      tools={
        table !== undefined && (
          <Tools table={table} text={text} onText={setText} wanted={wanted} onWanted={setWanted} />
        )
      }
      facts={
        table !== undefined && (
          <>
            <span role="status">
              {rows.length === table.rows.length
                ? plural(table.total, "row")
                : `${formatCount(rows.length)} of ${plural(table.rows.length, "row")}`}
            </span>
            <span>{plural(table.columns.length, "column")}</span>
            {table.facts.map((fact) => (
              <span key={fact}>{fact}</span>
            ))}
          </>
        )
      }
    >
      {content.error !== null && (
        <div className="vams-viewer-note">
          <Failure error={content.error} onRetry={() => void content.refetch()} />
        </div>
      )}
      {table !== undefined && content.error === null && (
        <Grid
          key={`${wanted.sheet ?? ""} ${table.from}`}
          table={table}
          rows={rows}
          first={table.from}
          label={name}
        />
      )}
      {content.isFetching && <Waiting />}
    </Frame>
  );
}
