// Assets and files of all databases or of one: found by text and filters, as pictures or a table.
// All of it stands in the address.
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useCallback, useMemo, useState } from "react";
import { useParams, useSearchParams } from "react-router-dom";
import { useHasSearch, useTitle } from "../../app/context";
import { Empty } from "../../ui/Empty";
import { formatCount } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { Trail } from "../../ui/Trail";
import { Filters } from "./Filters";
import { ItemTable } from "./ItemTable";
import {
  DEFAULTS,
  filterCount,
  formatParams,
  parseParams,
  SORTS,
  type BrowseParams,
  type Mode,
  type View,
} from "./params";
import { PictureGrid } from "./PictureGrid";
import { useSource, type Source } from "./source";
import "./browse.css";

const VIEW = "vams-list-view";

function preferredView(): View {
  try {
    return localStorage.getItem(VIEW) === "table" ? "table" : "grid";
  } catch {
    return "grid";
  }
}

function useBrowseParams(): [BrowseParams, (change: Partial<BrowseParams>) => void] {
  const [url, setUrl] = useSearchParams();
  const [view, setView] = useState(preferredView);
  const params = useMemo(() => parseParams(url, view), [url, view]);
  const change = useCallback(
    (changed: Partial<BrowseParams>) => {
      const next = { ...params, page: 1, ...changed };
      if (changed.view !== undefined) {
        setView(changed.view);
        try {
          localStorage.setItem(VIEW, changed.view);
        } catch {
          // Then it is forgotten with the page.
        }
      }
      setUrl(formatParams(next, changed.view ?? view), { replace: changed.page === undefined });
    },
    [params, setUrl, view],
  );
  return [params, change];
}

function Tools(props: {
  params: BrowseParams;
  hasSearch: boolean;
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
          onChange={({ detail }) => {
            const mode = detail.selectedId as Mode;
            onChange({
              mode,
              types: [],
              sort: "",
              from: "",
              to: "",
              minSize: null,
              maxSize: null,
            });
          }}
        />
      )}
      <Select
        ariaLabel="Order"
        selectedOption={chosen}
        options={options}
        onChange={({ detail }) => onChange({ sort: detail.selectedOption.value ?? "" })}
      />
      <SegmentedControl
        label="View"
        selectedId={params.view}
        options={[
          { id: "grid", iconName: "grid-view", iconAlt: "Pictures" },
          { id: "table", iconName: "list-view", iconAlt: "Table" },
        ]}
        onChange={({ detail }) => onChange({ view: detail.selectedId as View })}
      />
    </div>
  );
}

function Nothing(props: {
  params: BrowseParams;
  onChange: (change: Partial<BrowseParams>) => void;
}) {
  const { params } = props;
  const narrowed = params.q !== "" || filterCount(params) > 0;
  if (!narrowed)
    return (
      <Empty
        title={params.mode === "file" ? "No files" : "No assets"}
        text="Nothing is here yet, or nothing of it is open to you."
      />
    );
  return (
    <Empty
      title="Nothing found"
      text={
        params.q === ""
          ? "Nothing fits these filters."
          : `Nothing fits “${params.q}”${filterCount(params) > 0 ? " and these filters" : ""}.`
      }
      action={
        <Button
          onClick={() => props.onChange({ ...DEFAULTS, mode: params.mode, view: params.view })}
        >
          Show everything
        </Button>
      }
    />
  );
}

function Results(props: {
  source: Source;
  params: BrowseParams;
  onChange: (change: Partial<BrowseParams>) => void;
}) {
  const { source, params } = props;
  if (source.error !== null && source.error !== undefined)
    return <Problem error={source.error} onRetry={source.retry} />;
  if (source.total === null)
    return <div className="vams-loading" role="status" aria-label="Loading" />;
  if (source.total === 0 && !source.more)
    return <Nothing params={params} onChange={props.onChange} />;
  const explain = params.q !== "" || params.metadata.length > 0;
  return params.view === "grid" ? (
    <PictureGrid source={source} explain={explain} />
  ) : (
    <ItemTable
      source={source}
      params={params}
      explain={explain}
      onPage={(page) => props.onChange({ page })}
    />
  );
}

export function BrowsePage() {
  const { databaseId = null } = useParams();
  const hasSearch = useHasSearch();
  const [asked, change] = useBrowseParams();
  const [filtersOpen, setFiltersOpen] = useState(() => innerWidth > 900);
  // Files are found by the search only.
  const params = hasSearch || asked.mode === "asset" ? asked : { ...asked, mode: "asset" as const };
  const source = useSource(params, databaseId, hasSearch);
  const title = databaseId ?? "Assets and files";
  useTitle(params.q === "" ? title : `${params.q} - ${title}`);
  const count =
    source.total === null ? "" : `(${formatCount(source.total)}${source.more ? "+" : ""})`;
  const set = filterCount(params);
  return (
    <SpaceBetween size="m">
      {databaseId !== null && (
        <Trail
          steps={[
            { text: "Databases", path: "/databases" },
            { text: databaseId, path: `/databases/${encodeURIComponent(databaseId)}/assets` },
          ]}
        />
      )}
      <Header
        variant="h1"
        counter={count}
        description={params.q === "" ? undefined : `Found for “${params.q}”`}
        actions={
          <Button
            iconName="filter"
            ariaExpanded={filtersOpen}
            onClick={() => setFiltersOpen(!filtersOpen)}
          >
            {set === 0 ? "Filters" : `Filters (${formatCount(set)})`}
          </Button>
        }
      >
        {title}
      </Header>
      <Tools params={params} hasSearch={hasSearch} onChange={change} />
      <div className="vams-browse" data-filters={filtersOpen}>
        {filtersOpen && (
          <aside className="vams-filters" aria-label="Filters">
            <Filters
              params={params}
              facets={source.facets}
              databaseId={databaseId}
              hasSearch={hasSearch}
              onChange={change}
            />
          </aside>
        )}
        <section className="vams-results" aria-label="Results" aria-busy={source.busy}>
          <Results source={source} params={params} onChange={change} />
        </section>
      </div>
    </SpaceBetween>
  );
}
