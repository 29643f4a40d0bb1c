// What narrows a list down. The choices are those that the search counted.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import DatePicker from "@cloudscape-design/components/date-picker";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import { formatCount } from "../../ui/format";
import { assetTypeName } from "../../ui/kinds";
import type { Facets, FacetValue } from "./listing";
import { filterCount, type BrowseParams, type MetadataTerm } from "./params";

function Choice(props: {
  label: string;
  values: FacetValue[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
  name?: (value: string) => string;
}) {
  const name = props.name ?? ((value: string) => value);
  // What is chosen can be taken back, even where nothing has it any more.
  const gone = props.chosen.filter((value) => !props.values.some((known) => known.value === value));
  const options = [...props.values, ...gone.map((value) => ({ value, count: 0 }))].map((known) => ({
    value: known.value,
    label: name(known.value),
    labelTag: formatCount(known.count),
  }));
  return (
    <FormField label={props.label}>
      <Multiselect
        options={options}
        selectedOptions={props.chosen.map((value) => ({ value, label: name(value) }))}
        onChange={({ detail }) =>
          props.onChange(detail.selectedOptions.map((option) => option.value ?? ""))
        }
        placeholder="Any"
        empty="Nothing to choose from"
        filteringType={options.length > 8 ? "auto" : "none"}
        deselectAriaLabel={(option) => `Remove ${option.label ?? ""}`}
        tokenLimit={3}
      />
    </FormField>
  );
}

function termText(term: MetadataTerm): string {
  if (term.key === "") return term.value;
  return term.value === "" ? `${term.key} is set` : `${term.key}: ${term.value}`;
}

function MetadataTerms(props: {
  terms: MetadataTerm[];
  onChange: (terms: MetadataTerm[]) => void;
}) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const add = () => {
    if (key.trim() === "" && value.trim() === "") return;
    props.onChange([...props.terms, { key: key.trim(), value: value.trim() }]);
    setKey("");
    setValue("");
  };
  return (
    <SpaceBetween size="xs">
      <FormField label="Metadata field" description="Empty: any field">
        <Input
          value={key}
          onChange={({ detail }) => setKey(detail.value)}
          onKeyDown={({ detail }) => detail.key === "Enter" && add()}
          placeholder="Maker"
        />
      </FormField>
      <FormField label="Metadata value" description="Empty: any value; * stands for any letters">
        <Input
          value={value}
          onChange={({ detail }) => setValue(detail.value)}
          onKeyDown={({ detail }) => detail.key === "Enter" && add()}
          placeholder="North*"
        />
      </FormField>
      <Button onClick={add} disabled={key.trim() === "" && value.trim() === ""}>
        Add metadata filter
      </Button>
      {props.terms.map((term, index) => (
        <div key={`${index} ${termText(term)}`} className="vams-term">
          <span>{termText(term)}</span>
          <Button
            variant="inline-icon"
            iconName="close"
            ariaLabel={`Remove the filter ${termText(term)}`}
            onClick={() => props.onChange(props.terms.filter((_, other) => other !== index))}
          />
        </div>
      ))}
    </SpaceBetween>
  );
}

function FileFilters(props: {
  params: BrowseParams;
  onChange: (change: Partial<BrowseParams>) => void;
}) {
  const { params, onChange } = props;
  const day = (label: string, field: "from" | "to") => (
    <FormField label={label}>
      <DatePicker
        value={params[field]}
        onChange={({ detail }) => onChange({ [field]: detail.value })}
        placeholder="YYYY/MM/DD"
        openCalendarAriaLabel={() => `${label}: choose a day`}
      />
    </FormField>
  );
  const size = (label: string, field: "minSize" | "maxSize") => (
    <FormField label={label}>
      <Input
        type="number"
        value={params[field] === null ? "" : String((params[field] ?? 0) / 1_000_000)}
        onChange={({ detail }) => {
          const megabytes = Number(detail.value);
          const set = detail.value !== "" && Number.isFinite(megabytes) && megabytes >= 0;
          onChange({ [field]: set ? Math.round(megabytes * 1_000_000) : null });
        }}
        placeholder="Any"
      />
    </FormField>
  );
  return (
    <SpaceBetween size="s">
      {day("Changed from", "from")}
      {day("Changed until", "to")}
      {size("Size from (MB)", "minSize")}
      {size("Size up to (MB)", "maxSize")}
    </SpaceBetween>
  );
}

export function Filters(props: {
  params: BrowseParams;
  facets: Facets;
  /** The list is about this database only. */
  databaseId: string | null;
  hasSearch: boolean;
  onChange: (change: Partial<BrowseParams>) => void;
}) {
  const { params, facets, onChange } = props;
  const file = params.mode === "file";
  const count = filterCount(params);
  return (
    <SpaceBetween size="m">
      <div className="vams-filters-head">
        <Box variant="h2" fontSize="heading-s">
          Filters
        </Box>
        {count > 0 && (
          <Button
            variant="inline-link"
            onClick={() =>
              onChange({
                databases: [],
                types: [],
                tags: [],
                from: "",
                to: "",
                minSize: null,
                maxSize: null,
                metadata: [],
              })
            }
          >
            Clear {formatCount(count)}
          </Button>
        )}
      </div>
      {props.databaseId === null && (
        <Choice
          label="Database"
          values={facets.databases}
          chosen={params.databases}
          onChange={(databases) => onChange({ databases })}
        />
      )}
      <Choice
        label={file ? "Extension" : "Type"}
        values={facets.types}
        chosen={params.types}
        onChange={(types) => onChange({ types })}
        name={file ? (extension) => extension : assetTypeName}
      />
      <Choice
        label="Tags"
        values={facets.tags}
        chosen={params.tags}
        onChange={(tags) => onChange({ tags })}
      />
      {file && <FileFilters params={params} onChange={onChange} />}
      {props.hasSearch && (
        <MetadataTerms terms={params.metadata} onChange={(metadata) => onChange({ metadata })} />
      )}
      <Toggle
        checked={params.archived}
        onChange={({ detail }) => onChange({ archived: detail.checked })}
      >
        Show archived
      </Toggle>
    </SpaceBetween>
  );
}
