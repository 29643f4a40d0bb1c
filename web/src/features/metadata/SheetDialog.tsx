// Many values at once: typed or pasted into a sheet, or read from a CSV file; what saving will do is
// shown before it is done.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo, useRef, useState } from "react";
import { messageOf } from "../../api/errors";
import { VALUE_TYPES, type ValueType } from "../../api/types";
import { succeed } from "../../app/flash";
import { plural } from "../../ui/format";
import { runAll, type Outcome } from "../../ui/runAll";
import { MAX_BYTES, parseCsv, saveCsv, type Field } from "./csv";
import { saveChanges } from "./save";
import { Sheet, type Cell } from "./Sheet";
import {
  columnsOf,
  fieldsOf,
  pasteFields,
  planOfFields,
  planOfLine,
  valueOf,
  type Column,
  type Plan,
  type SheetTarget,
} from "./sheets";
import { TYPE_NAMES } from "./text";
import "./metadata.css";

const TYPES = VALUE_TYPES.map((value) => ({ value, label: TYPE_NAMES[value] }));

function typeNamed(text: string): ValueType | null {
  const name = text.trim().toLowerCase();
  return (
    TYPES.find(({ value, label }) => value === name || label.toLowerCase() === name)?.value ?? null
  );
}

// ---- One thing ----------------------------------------------------------------------------------

const BLANK: Field = { key: "", type: "string", value: "" };

function FieldSheet(props: {
  plan: Plan;
  fields: Field[];
  onlyText: boolean;
  onChange: (fields: Field[]) => void;
}) {
  const { plan, fields } = props;
  // One line more than there are fields, to type the next one into.
  const lines = [...fields, BLANK];
  const rows = lines.map((field, index) => {
    const row = plan.rows.find((known) => known.key === field.key);
    const problem = plan.problems.find((text) => text.startsWith(`${field.key}: `));
    const changed = (was: string | undefined, is: string) => field.key !== "" && was !== is;
    const cells: Cell[] = [
      { text: field.key, fixed: row?.schema !== null && row?.schema !== undefined },
      {
        text: field.type,
        fixed: props.onlyText,
        options: TYPES,
        changed: changed(row?.stored?.type, field.type),
      },
      {
        text: field.value,
        changed: changed(row?.stored?.value, field.value),
        problem: problem?.slice(field.key.length + 2) ?? "",
      },
    ];
    return { id: String(index), name: field.key || `Line ${index + 1}`, cells };
  });
  const change = (row: number, column: number, text: string) => {
    const next = lines.map((field) => ({ ...field }));
    const field = next[row];
    if (field === undefined) return;
    if (column === 0) field.key = text;
    else if (column === 1) field.type = typeNamed(text) ?? field.type;
    else field.value = text;
    while (next.at(-1)?.key === "" && next.at(-1)?.value === "") next.pop();
    props.onChange(next);
  };
  return (
    <Sheet
      label="Fields"
      columns={["Field", "Type", "Value"]}
      rows={rows}
      onChange={change}
      onPaste={(row, column, cells) =>
        props.onChange(pasteFields(fields, row, column, cells, typeNamed))
      }
    />
  );
}

// ---- Several things -----------------------------------------------------------------------------

function NewColumn(props: { known: Column[]; onAdd: (column: Column) => void }) {
  const [key, setKey] = useState("");
  const [type, setType] = useState<ValueType>("string");
  const taken = props.known.some((column) => column.key === key.trim());
  return (
    <div className="vams-inline-form">
      <FormField label="Another field" errorText={taken ? "It is there already." : ""}>
        <Input value={key} onChange={({ detail }) => setKey(detail.value)} placeholder="Maker" />
      </FormField>
      <FormField label="Type">
        <Select
          options={TYPES}
          selectedOption={TYPES.find((known) => known.value === type) ?? null}
          onChange={({ detail }) => setType(detail.selectedOption.value as ValueType)}
        />
      </FormField>
      <Button
        disabled={key.trim() === "" || taken}
        onClick={() => {
          props.onAdd({ key: key.trim(), type });
          setKey("");
        }}
      >
        Add column
      </Button>
    </div>
  );
}

function TargetSheet(props: {
  plans: Plan[];
  columns: Column[];
  values: string[][];
  onChange: (values: string[][]) => void;
}) {
  const { plans, columns, values } = props;
  const rows = plans.map((plan, index) => ({
    id: String(index),
    name: plan.of.name,
    cells: [
      { text: plan.of.name, fixed: true },
      ...columns.map((column, at): Cell => {
        const text = values[index]?.[at] ?? "";
        const problem = plan.problems.find((known) => known.startsWith(`${column.key}: `));
        const changed = text !== valueOf(plan.of, column.key);
        const content = { text, changed, problem: problem?.slice(column.key.length + 2) ?? "" };
        return column.type === "boolean" ? { ...content, options: BOOLEANS } : content;
      }),
    ],
  }));
  const set = (row: number, column: number, cells: string[][]) =>
    props.onChange(
      values.map((line, index) => {
        const given = cells[index - row];
        return index < row || given === undefined
          ? line
          : line.map((text, at) => given[at - column + 1] ?? text);
      }),
    );
  return (
    <Sheet
      label="Values"
      columns={["Asset", ...columns.map((column) => column.key)]}
      rows={rows}
      onChange={(row, column, text) => set(row, column, [[text]])}
      onPaste={set}
    />
  );
}

const BOOLEANS = [
  { value: "", label: "–" },
  { value: "true", label: "Yes" },
  { value: "false", label: "No" },
];

// ---- The dialog ---------------------------------------------------------------------------------

function Preview({ plans }: { plans: Plan[] }) {
  const changed = plans.filter(({ changes }) => changes.put.length + changes.remove.length > 0);
  const put = changed.reduce((sum, plan) => sum + plan.changes.put.length, 0);
  const removed = changed.flatMap((plan) =>
    plan.changes.remove.map((key) => (plans.length === 1 ? key : `${key} of ${plan.of.name}`)),
  );
  const problems = plans.flatMap((plan) =>
    plan.problems.map((problem) => (plans.length === 1 ? problem : `${plan.of.name}, ${problem}`)),
  );
  if (problems.length > 0)
    return (
      <Alert type="warning" header={`${plural(problems.length, "value")} cannot be saved`}>
        <ul className="vams-names">
          {problems.slice(0, 6).map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      </Alert>
    );
  if (changed.length === 0) return <Box color="text-body-secondary">Nothing is changed yet.</Box>;
  return (
    <Alert type={removed.length > 0 ? "warning" : "info"} header="What saving will do">
      {put > 0 && <div>{`${plural(put, "value")} will be written.`}</div>}
      {removed.length > 0 && (
        <div>{`${plural(removed.length, "field")} will be removed: ${removed.join(", ")}.`}</div>
      )}
    </Alert>
  );
}

function Failed({ failed }: { failed: Outcome<Plan>[] }) {
  return (
    <Alert type="error" header="Not everything could be saved">
      <ul className="vams-names">
        {failed.map((outcome) => (
          <li key={outcome.item.of.name}>
            <strong>{outcome.item.of.name}</strong>: {outcome.error}
          </li>
        ))}
      </ul>
    </Alert>
  );
}

export function SheetDialog(props: {
  title: string;
  targets: SheetTarget[];
  onlyText?: boolean;
  onSaved: () => void;
  onClose: () => void;
}) {
  const { targets } = props;
  const single = targets.length === 1 ? targets[0] : undefined;
  const [fields, setFields] = useState(() => fieldsOf(single?.items ?? []));
  const [columns, setColumns] = useState(() => columnsOf(targets));
  const [values, setValues] = useState(() =>
    targets.map((of) => columnsOf(targets).map((column) => valueOf(of, column.key))),
  );
  const [problems, setProblems] = useState<string[]>([]);
  const [failed, setFailed] = useState<Outcome<Plan>[]>([]);
  const [busy, setBusy] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const plans = useMemo(
    () =>
      single === undefined
        ? targets.map((of, index) => planOfLine(of, columns, values[index] ?? []))
        : [planOfFields(single, fields)],
    [single, targets, fields, columns, values],
  );
  const changed = plans.filter(({ changes }) => changes.put.length + changes.remove.length > 0);
  const ready = changed.length > 0 && plans.every((plan) => plan.problems.length === 0);

  const read = async (chosen: File | undefined) => {
    setProblems([]);
    if (chosen === undefined) return;
    if (chosen.size > MAX_BYTES) return setProblems(["The file is larger than 5 MB."]);
    try {
      const parsed = parseCsv(await chosen.text());
      setProblems(parsed.problems);
      if (parsed.fields.length > 0) setFields(parsed.fields);
    } catch (error) {
      setProblems([messageOf(error)]);
    }
  };
  const save = async () => {
    setBusy(true);
    const outcomes = await runAll(changed, (plan) => saveChanges(plan.of.target, plan.changes), {
      atOnce: 3,
    });
    setBusy(false);
    props.onSaved();
    const bad = outcomes.filter((outcome) => outcome.error !== null);
    setFailed(bad);
    if (bad.length > 0) return;
    succeed(
      single === undefined ? `${plural(changed.length, "asset")} saved.` : "The sheet is saved.",
    );
    props.onClose();
  };
  return (
    <Modal
      visible
      size="max"
      header={props.title}
      closeAriaLabel="Close"
      onDismiss={({ detail }) => detail.reason !== "overlay" && !busy && props.onClose()}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={props.onClose} disabled={busy}>
              Cancel
            </Button>
            <Button variant="primary" loading={busy} disabled={!ready} onClick={() => void save()}>
              Save
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <SpaceBetween direction="horizontal" size="xs" alignItems="end">
          {single === undefined ? (
            <NewColumn
              known={columns}
              onAdd={(column) => {
                setColumns([...columns, column]);
                setValues(values.map((line) => [...line, ""]));
              }}
            />
          ) : (
            <>
              <Button iconName="upload" onClick={() => file.current?.click()}>
                Read a CSV file
              </Button>
              <Button onClick={() => saveCsv(props.title, single.items)}>Save as CSV file</Button>
            </>
          )}
        </SpaceBetween>
        <input
          ref={file}
          type="file"
          accept=".csv,text/csv"
          hidden
          aria-label="CSV file"
          onChange={(event) => {
            void read(event.target.files?.[0]);
            event.target.value = "";
          }}
        />
        <Box color="text-body-secondary">
          Cells can be pasted from a spreadsheet. Enter and the arrow keys go from line to line.
        </Box>
        {problems.length > 0 && (
          <Alert type="warning" header="Lines of the file that were left out">
            <ul className="vams-names">
              {problems.slice(0, 8).map((problem) => (
                <li key={problem}>{problem}</li>
              ))}
            </ul>
          </Alert>
        )}
        {plans[0] !== undefined && single !== undefined ? (
          <FieldSheet
            plan={plans[0]}
            fields={fields}
            onlyText={props.onlyText === true}
            onChange={setFields}
          />
        ) : (
          <TargetSheet plans={plans} columns={columns} values={values} onChange={setValues} />
        )}
        <Preview plans={plans} />
        {failed.length > 0 && <Failed failed={failed} />}
      </SpaceBetween>
    </Modal>
  );
}
