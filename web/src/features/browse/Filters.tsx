// What narrows a list down. The choices are those that the search counted.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import DatePicker from "@cloudscape-design/components/date-picker";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { lazy, memo, Suspense } from "react";
import { formatCount } from "../../ui/format";
import { assetTypeName } from "../../ui/kinds";
import type { Facets, FacetValue } from "./listing";
import type { BrowseItem } from "./items";
import {
  filterCount,
  formatBox,
  LINKED,
  NO_FILTERS,
  type BrowseParams,
  type Linked,
} from "./params";

const MetadataFilter = lazy(async () => ({
  default: (await import("./MetadataFilter")).MetadataFilter,
}));

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

interface Part {
  params: BrowseParams;
  onChange: (change: Partial<BrowseParams>) => void;
}

function Days({ params, onChange }: Part) {
  const verb = params.mode === "file" ? "Changed" : "Version";
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
  return (
    <SpaceBetween size="s">
      {day(`${verb} from`, "from")}
      {day(`${verb} until`, "to")}
    </SpaceBetween>
  );
}

function Sizes({ params, onChange }: Part) {
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
      {size("Size from (MB)", "minSize")}
      {size("Size up to (MB)", "maxSize")}
    </SpaceBetween>
  );
}

const LINKED_NAMES: Record<Linked, string> = {
  parts: "Has parts",
  whole: "Is part of others",
  related: "Has related assets",
};

function LinkedFilter({ params, onChange }: Part) {
  const options = (Object.keys(LINKED) as Linked[]).map((value) => ({
    value,
    label: LINKED_NAMES[value],
  }));
  return (
    <FormField label="Relationships">
      <Multiselect
        options={options}
        selectedOptions={options.filter((option) => params.linked.includes(option.value))}
        onChange={({ detail }) =>
          onChange({ linked: detail.selectedOptions.map((option) => option.value as Linked) })
        }
        placeholder="Any"
        deselectAriaLabel={(option) => `Remove ${option.label ?? ""}`}
        tokenLimit={3}
      />
    </FormField>
  );
}

function Area({ params, onChange }: Part) {
  if (params.box === null) return null;
  const { west, south, east, north } = params.box;
  return (
    <div className="vams-term" title={formatBox(params.box)}>
      <span>
        {`Area: ${south.toFixed(2)} to ${north.toFixed(2)} north, ${west.toFixed(2)} to ${east.toFixed(2)} east`}
      </span>
      <Button
        variant="inline-icon"
        iconName="close"
        ariaLabel="Remove the area"
        onClick={() => onChange({ box: null })}
      />
    </div>
  );
}

export const Filters = memo(function Filters(props: {
  params: BrowseParams;
  facets: Facets;
  /** The list is about this database only. */
  databaseId: string | null;
  hasSearch: boolean;
  /** Some of the results. */
  items: BrowseItem[];
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
          <Button variant="inline-link" onClick={() => onChange(NO_FILTERS)}>
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
      {file && (
        <Choice
          label="Assets"
          values={facets.assets}
          chosen={params.assets}
          onChange={(assets) => onChange({ assets })}
        />
      )}
      {props.hasSearch && (
        <>
          {!file && <LinkedFilter params={params} onChange={onChange} />}
          <Days params={params} onChange={onChange} />
          {file && <Sizes params={params} onChange={onChange} />}
          <Area params={params} onChange={onChange} />
          <Suspense fallback={<div className="vams-filters-wait" />}>
            <MetadataFilter
              params={params}
              databases={props.databaseId === null ? params.databases : [props.databaseId]}
              items={props.items}
              onChange={onChange}
            />
          </Suspense>
          <Toggle
            checked={params.inMetadata}
            onChange={({ detail }) => onChange({ inMetadata: detail.checked })}
          >
            Find texts in metadata
          </Toggle>
        </>
      )}
      <Toggle
        checked={params.archived}
        onChange={({ detail }) => onChange({ archived: detail.checked })}
      >
        Show archived
      </Toggle>
    </SpaceBetween>
  );
});
