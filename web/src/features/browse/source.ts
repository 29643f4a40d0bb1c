// Where a list's items come from, in pieces as they are looked at: the search, or without a search
// engine the plain list of assets.
import {
  keepPreviousData,
  useInfiniteQuery,
  useQueries,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useDeferredValue, useEffect, useMemo, useState } from "react";
import type { SearchAnswer } from "../../api/types";
import { pageOfAssets, search } from "../../api/vams";
import { hitToItem, itemOfAsset, type BrowseItem } from "./items";
import { selectItems, type Facets, type FacetValue } from "./listing";
import type { BrowseParams } from "./params";
import { facetBody, searchBody } from "./query";

export interface Source {
  /** Null until it is known. */
  total: number | null;
  /** Whether `total` is a lower bound. */
  more: boolean;
  get: (index: number) => BrowseItem | undefined;
  /** The first ones, for what they have in common. */
  first: BrowseItem[];
  /** The part that is looked at; items outside of it may be forgotten. */
  look: (from: number, to: number) => void;
  facets: Facets;
  error: unknown;
  retry: () => void;
  /** New results are on their way while old ones are shown. */
  busy: boolean;
}

const NO_FACETS: Facets = { databases: [], types: [], tags: [], assets: [] };

// ---- Search ---------------------------------------------------------------------------------

const PIECE = 100;
/** The server pages by number up to here; from here on, each piece begins where the last ended. */
const DEEP = 10_000;
const DEEP_PIECE = 2_000;

export function pieceOf(index: number): { from: number; size: number } {
  if (index < DEEP) return { from: index - (index % PIECE), size: PIECE };
  const behind = index - DEEP;
  return { from: DEEP + behind - (behind % DEEP_PIECE), size: DEEP_PIECE };
}

export function piecesOf(from: number, to: number): { from: number; size: number }[] {
  const pieces = [];
  for (let piece = pieceOf(from); piece.from <= to; piece = pieceOf(piece.from + piece.size))
    pieces.push(piece);
  return pieces;
}

function facetsOf(answer: SearchAnswer | undefined, params: BrowseParams): Facets {
  if (answer === undefined) return NO_FACETS;
  const values = (name: string): FacetValue[] =>
    (answer.aggregations[name]?.buckets ?? []).map((bucket) => ({
      value: bucket.key,
      count: bucket.doc_count,
    }));
  return {
    databases: values("str_databaseid"),
    types: values(params.mode === "file" ? "str_fileext" : "str_assettype"),
    tags: values("list_tags"),
    assets: values("str_assetid"),
  };
}

function useSearchSource(params: BrowseParams, enabled: boolean): Source {
  const client = useQueryClient();
  const body = useMemo(() => searchBody(params), [params]);
  const bodyKey = JSON.stringify(body);
  const [range, setRange] = useState({ from: 0, to: PIECE - 1 });

  const queryOf = useCallback(
    (piece: { from: number; size: number }) => ({
      queryKey: ["search", bodyKey, piece.from] as const,
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<SearchAnswer> => {
        if (piece.from < DEEP)
          return search({ ...body, ...piece, aggregations: piece.from === 0 }, signal);
        const before: SearchAnswer = await client.fetchQuery(queryOf(pieceOf(piece.from - 1)));
        const searchAfter = before.searchAfter;
        if (!searchAfter) return { ...before, hits: { ...before.hits, hits: [] } };
        return search({ ...body, size: piece.size, searchAfter, aggregations: false }, signal);
      },
      enabled,
      placeholderData: piece.from === 0 ? keepPreviousData<SearchAnswer> : undefined,
    }),
    [body, bodyKey, client, enabled],
  );

  const first = useQuery(queryOf({ from: 0, size: PIECE }));
  const total = first.data === undefined ? null : totalOf(first.data);
  const pieces = piecesOf(range.from, Math.min(range.to, Math.max(0, (total ?? 1) - 1)));
  const others = useQueries({ queries: pieces.filter((piece) => piece.from > 0).map(queryOf) });

  const facets = useQuery({
    queryKey: ["search", JSON.stringify(facetBody(params)), "facets"],
    queryFn: ({ signal }) => search(facetBody(params), signal),
    enabled,
    placeholderData: keepPreviousData,
  });

  const get = (index: number): BrowseItem | undefined => {
    const piece = pieceOf(index);
    const answer =
      piece.from === 0
        ? first.data
        : client.getQueryData<SearchAnswer>(["search", bodyKey, piece.from]);
    const hit = answer?.hits.hits[index - piece.from];
    return hit === undefined ? undefined : itemOfHit(hit);
  };
  const look = useCallback((from: number, to: number) => {
    setRange((now) => (now.from === from && now.to === to ? now : { from, to }));
  }, []);
  const counted = useMemo(() => facetsOf(facets.data, params), [facets.data, params]);
  const firstItems = useMemo(() => first.data?.hits.hits.map(itemOfHit) ?? [], [first.data]);
  const failed = [first, ...others].find((query) => query.error !== null);
  return {
    total,
    more: first.data?.hits.total.relation === "gte",
    get,
    first: firstItems,
    look,
    facets: counted,
    error: failed?.error ?? null,
    retry: () => void client.invalidateQueries({ queryKey: ["search"] }),
    busy: first.isPlaceholderData,
  };
}

function totalOf(answer: SearchAnswer): number {
  const counted = answer.hits.total.value;
  return answer.hits.hits.length < PIECE
    ? counted
    : Math.max(counted, answer.aggregationTotal ?? 0);
}

const items = new WeakMap<object, BrowseItem>();

function itemOfHit(hit: Parameters<typeof hitToItem>[0]): BrowseItem {
  let item = items.get(hit);
  if (item === undefined) {
    item = hitToItem(hit);
    items.set(hit, item);
  }
  return item;
}

// ---- The list of assets -----------------------------------------------------------------------

// Two lists of the server where archived assets are wanted as well, one after the other.
function useListingSource(
  params: BrowseParams,
  databaseId: string | null,
  enabled: boolean,
): Source {
  const list = useInfiniteQuery({
    queryKey: ["assets", databaseId, params.archived],
    initialPageParam: { archived: false, token: null as string | null },
    queryFn: async ({ pageParam, signal }) => {
      const page = await pageOfAssets(databaseId, pageParam.archived, pageParam.token, signal);
      return { archived: pageParam.archived, items: page.items.map(itemOfAsset), next: page.next };
    },
    getNextPageParam: (last) => {
      if (last.next !== null) return { archived: last.archived, token: last.next };
      return params.archived && !last.archived ? { archived: true, token: null } : undefined;
    },
    enabled,
  });
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = list;
  useEffect(() => {
    if (enabled && hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage();
  }, [enabled, hasNextPage, isFetchingNextPage, isError, fetchNextPage]);

  const all = useMemo(() => {
    const known = new Map<string, BrowseItem>();
    for (const page of list.data?.pages ?? [])
      for (const item of page.items) known.set(item.key, item);
    return [...known.values()];
  }, [list.data]);
  const deferred = useDeferredValue(params);
  const { items: found, facets } = useMemo(() => selectItems(all, deferred), [all, deferred]);
  const first = useMemo(() => found.slice(0, PIECE), [found]);
  const look = useCallback(() => undefined, []);
  return {
    total: list.data === undefined ? null : found.length,
    more: hasNextPage,
    get: (index) => found[index],
    first,
    look,
    facets,
    error: list.error,
    retry: () => void list.refetch(),
    busy: deferred !== params,
  };
}

/** `databaseId`: the list is about one database only. */
export function useSource(
  params: BrowseParams,
  databaseId: string | null,
  hasSearch: boolean,
): Source {
  const scoped = useMemo(
    () => (databaseId === null ? params : { ...params, databases: [databaseId] }),
    [params, databaseId],
  );
  const searched = useSearchSource(scoped, hasSearch);
  const listed = useListingSource(params, databaseId, !hasSearch);
  return hasSearch ? searched : listed;
}
