// What of a list has a place, for the map.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { SearchAnswer, SearchHit } from "../../api/types";
import { search } from "../../api/vams";
import { locatedOfMetadata, type Located } from "../map/places";
import { hitToItem, type BrowseItem } from "./items";
import { DEFAULTS, type Box, type BrowseParams } from "./params";
import { geoOf, searchBody } from "./query";

export interface LocatedItem extends Located {
  item: BrowseItem;
}

export const EARTH: Box = { west: -180, south: -90, east: 180, north: 90 };
const PIECE = 2_000;
/** As many as a map can show at once; beyond, a part of it has to be searched. */
export const MOST_PLACES = 6_000;

function mapBody(params: BrowseParams): Record<string, unknown> {
  return {
    ...searchBody(params),
    geo: geoOf(params.box ?? EARTH),
    aggregations: false,
    includeHighlights: false,
  };
}

export interface LocatedAnswer {
  total: number;
  hits: SearchHit[];
}

export async function findLocated(
  body: Record<string, unknown>,
  signal: AbortSignal,
): Promise<LocatedAnswer> {
  const hits: SearchHit[] = [];
  let answer: SearchAnswer;
  do {
    answer = await search({ ...body, from: hits.length, size: PIECE }, signal);
    hits.push(...answer.hits.hits);
  } while (answer.hits.hits.length === PIECE && hits.length < MOST_PLACES);
  return { hits, total: Math.max(hits.length, answer.hits.total.value) };
}

function locate(hit: SearchHit): LocatedItem[] {
  const item = hitToItem(hit);
  const located = locatedOfMetadata(item.metadata);
  return located === null ? [] : [{ ...located, item }];
}

export function useLocated(params: BrowseParams) {
  // How the list is shown makes no difference to what is found.
  const body = mapBody({ ...params, sort: "", page: 1 });
  const found = useQuery({
    queryKey: ["search", "map", JSON.stringify(body)],
    queryFn: ({ signal }) => findLocated(body, signal),
    placeholderData: (previous) => previous,
  });
  const items = useMemo(() => found.data?.hits.flatMap(locate) ?? [], [found.data]);
  return {
    items,
    total: found.data?.total ?? null,
    error: found.error,
    retry: () => void found.refetch(),
    busy: found.isPlaceholderData,
  };
}

/** Whether anything has a place, so that a map is worth offering. */
export function useAnyPlace(databaseId: string | null, enabled: boolean): boolean {
  const databases = databaseId === null ? [] : [databaseId];
  const body = { ...mapBody({ ...DEFAULTS, databases }), entityTypes: ["asset", "file"] };
  const found = useQuery({
    queryKey: ["search", "any place", databaseId],
    queryFn: ({ signal }) => search({ ...body, sort: ["_score"], size: 1 }, signal),
    enabled,
    staleTime: 5 * 60_000,
    retry: false,
  });
  return (found.data?.hits.total.value ?? 0) > 0;
}
