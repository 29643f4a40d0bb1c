// Conditions on metadata: a field, chosen or typed, how it is compared, and a value.
import Autosuggest from "@cloudscape-design/components/autosuggest";
import Button from "@cloudscape-design/components/button";
import DatePicker from "@cloudscape-design/components/date-picker";
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo, useState } from "react";
import { knownFields, useSchemas, type KnownField } from "./fieldNames";
import type { BrowseItem } from "./items";
import type { BrowseParams } from "./params";
import {
  ANY_FIELD,
  needsValue,
  OPERATORS,
  termText,
  type FieldKind,
  type MetadataTerm,
  type Op,
} from "./terms";

interface Draft {
  key: string;
  /** Null: the first that suits the field. */
  op: Op | null;
  value: string;
}

const EMPTY: Draft = { key: "", op: null, value: "" };

function Value(props: {
  kind: FieldKind;
  value: string;
  known: string[];
  onChange: (value: string) => void;
  onSubmit: () => void;
}) {
  const { kind, value } = props;
  if (kind === "boolean") {
    const options = [
      { value: "true", label: "Yes" },
      { value: "false", label: "No" },
    ];
    return (
      <Select
        ariaLabel="Metadata value"
        options={options}
        placeholder="Choose"
        selectedOption={options.find((option) => option.value === value) ?? null}
        onChange={({ detail }) => props.onChange(detail.selectedOption.value ?? "")}
      />
    );
  }
  if (kind === "date")
    return (
      <DatePicker
        value={value}
        onChange={({ detail }) => props.onChange(detail.value)}
        placeholder="YYYY/MM/DD"
        ariaLabel="Metadata value"
        openCalendarAriaLabel={() => "Metadata value: choose a day"}
      />
    );
  return (
    <Autosuggest
      ariaLabel="Metadata value"
      value={value}
      options={props.known.map((known) => ({ value: known }))}
      onChange={({ detail }) => props.onChange(detail.value)}
      onKeyDown={({ detail }) => detail.key === "Enter" && props.onSubmit()}
      enteredTextLabel={(text) => `Use “${text}”`}
      empty="No values known"
      hideEnteredTextOption={props.known.length === 0}
      placeholder={kind === "number" ? "12.5" : "North"}
    />
  );
}

function Operator(props: {
  operators: Partial<Record<Op, string>>;
  op: Op;
  onChange: (op: Op) => void;
}) {
  const options = Object.entries(props.operators).map(([value, label]) => ({ value, label }));
  return (
    <Select
      ariaLabel="Comparison"
      options={options}
      selectedOption={options.find((option) => option.value === props.op) ?? null}
      onChange={({ detail }) => props.onChange(detail.selectedOption.value as Op)}
    />
  );
}

function useDraftTerm(fields: KnownField[], onAdd: (term: MetadataTerm) => void) {
  const [draft, setDraft] = useState(EMPTY);
  const key = draft.key.trim();
  const field = fields.find((known) => known.name === key);
  const kind: FieldKind = field?.kind ?? "text";
  const operators = key === "" ? ANY_FIELD : OPERATORS[kind];
  const first = (Object.keys(operators) as Op[])[0] ?? "is";
  const op = draft.op !== null && draft.op in operators ? draft.op : first;
  const value = needsValue(op) ? draft.value.trim() : "";
  const ready = needsValue(op) ? value !== "" : key !== "";
  const add = () => {
    if (!ready) return;
    onAdd({ key, op, value });
    setDraft(EMPTY);
  };
  return { draft, setDraft, field, kind, operators, op, ready, add };
}

function Terms(props: {
  terms: MetadataTerm[];
  any: boolean;
  onTerms: (terms: MetadataTerm[]) => void;
  onAny: (any: boolean) => void;
}) {
  const joins = [
    { value: "all", label: "All have to hold" },
    { value: "any", label: "One is enough" },
  ];
  return (
    <SpaceBetween size="xxs">
      {props.terms.length > 1 && (
        <Select
          ariaLabel="How the metadata filters are joined"
          options={joins}
          selectedOption={joins[props.any ? 1 : 0] ?? null}
          onChange={({ detail }) => props.onAny(detail.selectedOption.value === "any")}
        />
      )}
      {props.terms.map((term, index) => (
        <div key={`${index} ${termText(term)}`} className="vams-term">
          <span>{termText(term)}</span>
          <Button
            variant="inline-icon"
            iconName="close"
            ariaLabel={`Remove the filter ${termText(term)}`}
            onClick={() => props.onTerms(props.terms.filter((_, other) => other !== index))}
          />
        </div>
      ))}
    </SpaceBetween>
  );
}

export function MetadataFilter(props: {
  params: BrowseParams;
  databases: string[];
  /** Of the results, for what they have. */
  items: BrowseItem[];
  onChange: (change: Partial<BrowseParams>) => void;
}) {
  const { params, onChange, items } = props;
  const [asked, setAsked] = useState(false);
  const schemas = useSchemas(params.mode, props.databases, asked);
  const fields = useMemo(() => knownFields(schemas, items), [schemas, items]);
  const form = useDraftTerm(fields, (term) => onChange({ metadata: [...params.metadata, term] }));
  const { draft, setDraft, kind, op } = form;
  return (
    <SpaceBetween size="xs">
      <FormField label="Metadata field" description="Empty: any field">
        <Autosuggest
          ariaLabel="Metadata field"
          value={draft.key}
          options={fields.map((field) => ({ value: field.name, description: field.source }))}
          onFocus={() => setAsked(true)}
          onChange={({ detail }) => setDraft({ key: detail.value, op: draft.op, value: "" })}
          enteredTextLabel={(text) => `Field “${text}”`}
          empty="No fields known"
          placeholder="Maker"
        />
      </FormField>
      <FormField label="Comparison">
        <Operator
          operators={form.operators}
          op={op}
          onChange={(chosen) => setDraft({ ...draft, op: chosen })}
        />
      </FormField>
      {needsValue(op) && (
        <FormField
          label="Metadata value"
          description={kind === "text" ? "Capitals count" : undefined}
        >
          <Value
            kind={kind}
            value={draft.value}
            known={form.field?.values ?? []}
            onChange={(value) => setDraft({ ...draft, value })}
            onSubmit={form.add}
          />
        </FormField>
      )}
      <Button onClick={form.add} disabled={!form.ready}>
        Add metadata filter
      </Button>
      <Terms
        terms={params.metadata}
        any={params.anyTerm}
        onTerms={(metadata) => onChange({ metadata })}
        onAny={(anyTerm) => onChange({ anyTerm })}
      />
    </SpaceBetween>
  );
}
