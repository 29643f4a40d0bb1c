// Above a list: what is listed, in which order, how it is shown, and the searches that are kept.
import SegmentedControl, {
  type SegmentedControlProps,
} from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import { PresetMenu } from "./PresetMenu";
import { SORTS, type BrowseParams, type Mode, type View } from "./params";

const VIEW_OPTIONS: (SegmentedControlProps.Option & { id: View })[] = [
  { id: "grid", iconName: "grid-view", iconAlt: "Pictures" },
  { id: "cards", iconName: "view-vertical", iconAlt: "Cards" },
  { id: "table", iconName: "list-view", iconAlt: "Table" },
  { id: "map", iconName: "map", iconAlt: "Map" },
];

/** Filters that one mode has and the other has not. */
const OF_A_MODE: Partial<BrowseParams> = {
  types: [],
  assets: [],
  linked: [],
  from: "",
  to: "",
  minSize: null,
  maxSize: null,
  sort: "",
};

export function Tools(props: {
  params: BrowseParams;
  hasSearch: boolean;
  /** Something that is listed has a place. */
  hasMap: boolean;
  address: string;
  onChange: (change: Partial<BrowseParams>) => void;
}) {
  const { params, onChange } = props;
  const sorts = Object.entries(SORTS[params.mode]).map(([value, sort]) => ({
    value,
    label: sort.text,
  }));
  const searching = params.q !== "" || params.metadata.length > 0;
  const options =
    searching && props.hasSearch ? [{ value: "", label: "Best first" }, ...sorts] : sorts;
  const chosen = options.find((option) => option.value === params.sort) ?? options[0] ?? null;
  return (
    <div className="vams-tools">
      {props.hasSearch && (
        <SegmentedControl
          label="What is listed"
          selectedId={params.mode}
          options={[
            { id: "asset", text: "Assets" },
            { id: "file", text: "Files" },
          ]}
          onChange={({ detail }) => onChange({ ...OF_A_MODE, mode: detail.selectedId as Mode })}
        />
      )}
      {params.view !== "map" && (
        <Select
          ariaLabel="Order"
          selectedOption={chosen}
          options={options}
          onChange={({ detail }) => onChange({ sort: detail.selectedOption.value ?? "" })}
        />
      )}
      <SegmentedControl
        label="View"
        selectedId={params.view}
        options={VIEW_OPTIONS.filter(
          ({ id }) => id !== "map" || props.hasMap || params.view === "map",
        )}
        onChange={({ detail }) => onChange({ view: detail.selectedId as View })}
      />
      <PresetMenu address={props.address} />
    </div>
  );
}
