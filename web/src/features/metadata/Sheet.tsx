// A sheet of cells: typed into, walked through with the keyboard, and filled by pasting from a
// spreadsheet.
import { useRef } from "react";
import { parseCells } from "./csv";

export interface Cell {
  text: string;
  /** Cannot be typed into. */
  fixed?: boolean;
  options?: { value: string; label: string }[];
  changed?: boolean;
  problem?: string;
}

export function Sheet(props: {
  label: string;
  columns: string[];
  rows: { id: string; name: string; cells: Cell[] }[];
  onChange: (row: number, column: number, text: string) => void;
  /** Several cells at once, from this one to the right and down. */
  onPaste: (row: number, column: number, cells: string[][]) => void;
}) {
  const table = useRef<HTMLTableElement>(null);
  const focus = (row: number, column: number) => {
    const cell = table.current?.tBodies[0]?.rows[row]?.cells[column];
    const field = cell?.querySelector<HTMLElement>("input,select,textarea");
    field?.focus();
    if (field instanceof HTMLInputElement) field.select();
  };
  const onKey = (event: React.KeyboardEvent, row: number, column: number) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const choice = event.target instanceof HTMLSelectElement;
    if (event.key === "Enter") focus(row + (event.shiftKey ? -1 : 1), column);
    else if (event.key === "ArrowDown" && !choice) focus(row + 1, column);
    else if (event.key === "ArrowUp" && !choice) focus(row - 1, column);
    else return;
    event.preventDefault();
  };
  const cell = (content: Cell, row: number, column: number, name: string) => {
    const label = `${name}: ${props.columns[column] ?? ""}`;
    const common = {
      "aria-label": label,
      "aria-invalid": content.problem ? true : undefined,
      onKeyDown: (event: React.KeyboardEvent) => onKey(event, row, column),
    };
    if (content.fixed === true) return <div className="vams-sheet-fixed">{content.text}</div>;
    if (content.options !== undefined)
      return (
        <select
          {...common}
          value={content.text}
          onChange={(event) => props.onChange(row, column, event.target.value)}
        >
          {content.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      );
    // A line of text would lose the others.
    if (content.text.includes("\n"))
      return (
        <textarea
          {...common}
          onKeyDown={undefined}
          rows={2}
          value={content.text}
          onChange={(event) => props.onChange(row, column, event.target.value)}
        />
      );
    return (
      <input
        {...common}
        value={content.text}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => props.onChange(row, column, event.target.value)}
        onPaste={(event) => {
          const cells = parseCells(event.clipboardData.getData("text/plain"));
          if (cells === null) return;
          event.preventDefault();
          props.onPaste(row, column, cells);
        }}
      />
    );
  };
  return (
    // The region scrolls, and whoever has no mouse has to be able to reach it.
    <div className="vams-sheet" role="region" aria-label={props.label} tabIndex={0}>
      <table ref={table}>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row, index) => (
            <tr key={row.id}>
              {row.cells.map((content, column) => (
                <td
                  key={column}
                  data-changed={content.changed === true}
                  data-invalid={Boolean(content.problem)}
                >
                  {cell(content, index, column, row.name)}
                  {content.problem && <div className="vams-sheet-problem">{content.problem}</div>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
