// The state of an editor of metadata.
import { useCallback, useMemo, useState } from "react";
import { changesOf, isChanged, rowProblem, type Changes, type Row } from "./draft";

export interface Draft {
  rows: Row[];
  change: (id: string, changed: Partial<Pick<Row, "key" | "type" | "value" | "removed">>) => void;
  /** The new row's id. */
  add: () => string;
  /** Takes a new row away, marks a stored one as removed. */
  remove: (id: string) => void;
  /** Back to what is stored. */
  undo: (id: string) => void;
  replace: (rows: Row[] | ((now: Row[]) => Row[])) => void;
  changes: Changes;
  /** How many rows differ from what is stored. */
  pending: number;
  problems: Map<string, string>;
}

let count = 0;

export function newRow(key = "", type: Row["type"] = "string", value = ""): Row {
  return { id: `new ${++count}`, key, type, value, stored: null, removed: false, schema: null };
}

export function useDraft(initial: Row[]): Draft {
  const [rows, replace] = useState(initial);
  const change = useCallback<Draft["change"]>((id, changed) => {
    replace((now) => now.map((row) => (row.id === id ? { ...row, ...changed } : row)));
  }, []);
  const add = useCallback(() => {
    const row = newRow();
    replace((now) => [...now, row]);
    return row.id;
  }, []);
  const remove = useCallback((id: string) => {
    replace((now) =>
      now.flatMap((row) => {
        if (row.id !== id) return [row];
        return row.stored === null && row.schema === null ? [] : [{ ...row, removed: true }];
      }),
    );
  }, []);
  const undo = useCallback((id: string) => {
    replace((now) =>
      now.flatMap((row) => {
        if (row.id !== id) return [row];
        if (row.stored !== null) return [{ ...row, ...row.stored, removed: false }];
        return row.schema === null ? [] : [{ ...row, value: "", removed: false }];
      }),
    );
  }, []);
  return useMemo(() => {
    const problems = new Map<string, string>();
    for (const row of rows) {
      // What was stored before its rules were made is not held against whoever edits something else.
      const problem = isChanged(row) || row.schema?.required === true ? rowProblem(row, rows) : "";
      if (problem !== "") problems.set(row.id, problem);
    }
    const pending = rows.filter(isChanged).length;
    return {
      rows,
      change,
      add,
      remove,
      undo,
      replace,
      changes: changesOf(rows),
      pending,
      problems,
    };
  }, [rows, change, add, remove, undo]);
}
