// Assets and files of all databases or of one: found by text and filters, as pictures or a table.
// All of it stands in the address.
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { useLocation, useNavigate, useParams, useSearchParams } from "react-router-dom";
import { useApp, useHasSearch, useTitle } from "../../app/context";
import { useMayChange } from "../../app/rights";
import { Empty } from "../../ui/Empty";
import { formatCount } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { Trail } from "../../ui/Trail";
import type { Collected } from "../upload/collect";
import { DropZone } from "../upload/DropZone";
import { give } from "../upload/handoff";
import type { BrowseItem } from "./items";
import { ItemTable } from "./ItemTable";
import { useAnyPlace } from "./located";
import {
  DEFAULTS,
  filterCount,
  formatParams,
  NO_FILTERS,
  parseParams,
  VIEWS,
  type BrowseParams,
  type View,
} from "./params";
import { PictureGrid } from "./PictureGrid";
import { useSelection, type Selection } from "./selection";
import { useSource, type Source } from "./source";
import { Tools } from "./Tools";
import "./browse.css";

const Filters = lazy(async () => ({ default: (await import("./Filters")).Filters }));
const MapResults = lazy(async () => ({ default: (await import("./MapResults")).MapResults }));
const BulkBar = lazy(async () => ({ default: (await import("./BulkBar")).BulkBar }));
const UploadDialog = lazy(async () => ({
  default: (await import("../upload/UploadDialog")).UploadDialog,
}));

const VIEW = "vams-list-view";

function preferredView(): View {
  try {
    const kept = localStorage.getItem(VIEW);
    // Lists begin with what they hold, not with where that is.
    return VIEWS.find((view) => view === kept && view !== "map") ?? "grid";
  } catch {
    return "grid";
  }
}

/** What the page can show as it is set up: files and maps are the search's. */
function shownParams(asked: BrowseParams, hasSearch: boolean): BrowseParams {
  if (hasSearch) return asked;
  return { ...asked, mode: "asset", view: asked.view === "map" ? "grid" : asked.view };
}

function useBrowseParams(): [BrowseParams, (change: Partial<BrowseParams>) => void] {
  const [url, setUrl] = useSearchParams();
  const [view, setView] = useState(preferredView);
  const params = useMemo(() => parseParams(url, view), [url, view]);
  const change = useCallback(
    (changed: Partial<BrowseParams>) => {
      const next = { ...params, page: 1, ...changed };
      // A map is asked for each time; its view always stands in the address.
      const preferred = changed.view === undefined || changed.view === "map" ? view : changed.view;
      if (preferred !== view) {
        setView(preferred);
        try {
          localStorage.setItem(VIEW, preferred);
        } catch {
          // Then it is forgotten with the page.
        }
      }
      setUrl(formatParams(next, preferred), { replace: changed.page === undefined });
    },
    [params, setUrl, view],
  );
  return [params, change];
}

function Nothing(props: {
  params: BrowseParams;
  onCreate: (() => void) | null;
  onChange: (change: Partial<BrowseParams>) => void;
}) {
  const { params, onCreate } = props;
  const narrowed = params.q !== "" || filterCount(params) > 0;
  if (!narrowed)
    return (
      <Empty
        title={params.mode === "file" ? "No files" : "No assets"}
        text={
          onCreate === null
            ? "Nothing is here yet, or nothing of it is open to you."
            : "Nothing is here yet. Drop files or folders here to make an asset of them."
        }
        action={onCreate !== null && <Button onClick={onCreate}>Create asset</Button>}
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
        <Button onClick={() => props.onChange({ ...NO_FILTERS, q: DEFAULTS.q })}>
          Show everything
        </Button>
      }
    />
  );
}

function Results(props: {
  source: Source;
  params: BrowseParams;
  /** The same, within the database that the page is about. */
  scoped: BrowseParams;
  selection: Selection | null;
  onCreate: (() => void) | null;
  onFiles: ((item: BrowseItem, files: Collected) => void) | null;
  onChange: (change: Partial<BrowseParams>) => void;
}) {
  const { source, params } = props;
  if (source.error !== null && source.error !== undefined)
    return <Problem error={source.error} onRetry={source.retry} />;
  if (source.total === null)
    return <div className="vams-loading" role="status" aria-label="Loading" />;
  // A map is left for another part of it without finding anything on the way.
  const searchesMap = params.view === "map" && params.box !== null;
  if (source.total === 0 && !source.more && !searchesMap)
    return <Nothing params={params} onCreate={props.onCreate} onChange={props.onChange} />;
  const explain = params.q !== "" || params.metadata.length > 0;
  if (params.view === "map")
    return (
      <Suspense fallback={<div className="vams-loading" role="status" aria-label="Loading" />}>
        <MapResults params={props.scoped} all={source.total} onChange={props.onChange} />
      </Suspense>
    );
  return params.view !== "table" ? (
    <PictureGrid
      source={source}
      layout={params.view}
      explain={explain}
      selection={props.selection}
      onFiles={props.onFiles}
    />
  ) : (
    <ItemTable
      source={source}
      params={params}
      explain={explain}
      selection={props.selection}
      onPage={(page) => props.onChange({ page })}
    />
  );
}

export function BrowsePage() {
  const { databaseId = null } = useParams();
  const hasSearch = useHasSearch();
  const { features } = useApp();
  const [asked, change] = useBrowseParams();
  const navigate = useNavigate();
  const [filtersOpen, setFiltersOpen] = useState(() => innerWidth > 900);
  const params = useMemo(() => shownParams(asked, hasSearch), [asked, hasSearch]);
  const scoped = useMemo(
    () => (databaseId === null ? params : { ...params, databases: [databaseId] }),
    [params, databaseId],
  );
  const source = useSource(params, databaseId, hasSearch);
  const hasMap = useAnyPlace(
    databaseId,
    hasSearch && features.has("LOCATIONSERVICES") && source.total !== null,
  );
  const { pathname } = useLocation();
  const query = formatParams({ ...params, page: 1 });
  query.set("view", params.view);
  const title = databaseId ?? "Assets and files";
  useTitle(params.q === "" ? title : `${params.q} - ${title}`);
  const count =
    source.total === null ? "" : `(${formatCount(source.total)}${source.more ? "+" : ""})`;
  const set = filterCount(params);
  const mayChange = useMayChange();
  const selection = useSelection(`${databaseId ?? ""} ${params.mode}`);
  const [dropped, setDropped] = useState<{ item: BrowseItem; files: Collected } | null>(null);
  const createPath = databaseId === null ? "/upload" : `/upload/${encodeURIComponent(databaseId)}`;
  const create = (files: Collected | null) => {
    if (files !== null) give(files);
    navigate(createPath);
  };
  const page = (
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
          <SpaceBetween direction="horizontal" size="xs">
            <Button
              iconName="filter"
              ariaExpanded={filtersOpen}
              onClick={() => setFiltersOpen(!filtersOpen)}
            >
              {set === 0 ? "Filters" : `Filters (${formatCount(set)})`}
            </Button>
            {mayChange && (
              <Button variant="primary" onClick={() => create(null)}>
                Create asset
              </Button>
            )}
          </SpaceBetween>
        }
      >
        {title}
      </Header>
      <Tools
        params={params}
        hasSearch={hasSearch}
        hasMap={hasMap}
        address={`${pathname}?${query.toString()}`}
        onChange={change}
      />
      {mayChange && selection.items.length > 0 && (
        <Suspense>
          <BulkBar selection={selection} />
        </Suspense>
      )}
      <div className="vams-browse" data-filters={filtersOpen}>
        {filtersOpen && (
          <aside className="vams-filters" aria-label="Filters">
            <Suspense fallback={<div className="vams-filters-wait" />}>
              <Filters
                params={params}
                facets={source.facets}
                databaseId={databaseId}
                hasSearch={hasSearch}
                items={source.first}
                onChange={change}
              />
            </Suspense>
          </aside>
        )}
        <section className="vams-results" aria-label="Results" aria-busy={source.busy}>
          <Results
            source={source}
            params={params}
            scoped={scoped}
            selection={mayChange && params.mode === "asset" ? selection : null}
            onCreate={mayChange ? () => create(null) : null}
            onFiles={mayChange ? (item, files) => setDropped({ item, files }) : null}
            onChange={change}
          />
        </section>
      </div>
      <Suspense>
        {dropped !== null && (
          <UploadDialog
            of={{ databaseId: dropped.item.databaseId, assetId: dropped.item.assetId }}
            assetName={dropped.item.name}
            asset={null}
            folder="/"
            files={dropped.files}
            onClose={() => setDropped(null)}
          />
        )}
      </Suspense>
    </SpaceBetween>
  );
  return (
    <DropZone onFiles={mayChange ? create : null} text="Drop to make an asset of these">
      {page}
    </DropZone>
  );
}
