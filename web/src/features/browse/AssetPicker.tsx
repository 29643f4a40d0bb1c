// Finds an asset, or several, by typing a part of what is known about them.
import Multiselect from "@cloudscape-design/components/multiselect";
import Select from "@cloudscape-design/components/select";
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { pageOfAssets, search, type AssetRef } from "../../api/vams";
import { useHasSearch } from "../../app/context";
import { hitToItem, itemOfAsset, type BrowseItem } from "./items";

export interface PickedAsset extends AssetRef {
  name: string;
}

const SHOWN = 20;

function useFound(text: string, except: AssetRef | null): BrowseItem[] | undefined {
  const hasSearch = useHasSearch();
  const found = useQuery({
    queryKey: ["assets", "picker", hasSearch, hasSearch ? text : ""],
    queryFn: async ({ signal }) => {
      if (!hasSearch) return (await pageOfAssets(null, false, null, signal)).items.map(itemOfAsset);
      const body = { query: text, entityTypes: ["asset"], size: SHOWN + 1, aggregations: false };
      return (await search(body, signal)).hits.hits.map(hitToItem);
    },
    placeholderData: (previous) => previous,
  });
  const words = text.toLowerCase();
  return found.data
    ?.filter(
      (item) =>
        (item.databaseId !== except?.databaseId || item.assetId !== except.assetId) &&
        (hasSearch || `${item.name} ${item.description}`.toLowerCase().includes(words)),
    )
    .slice(0, SHOWN);
}

function optionOf(asset: PickedAsset, description = "") {
  return {
    value: JSON.stringify([asset.databaseId, asset.assetId, asset.name]),
    label: asset.name,
    labelTag: asset.databaseId,
    description,
  };
}

function assetOf(value: string | undefined): PickedAsset {
  const [databaseId = "", assetId = "", name = ""] = JSON.parse(value ?? "[]") as string[];
  return { databaseId, assetId, name };
}

interface Common {
  label: string;
  /** Not offered. */
  except: AssetRef | null;
}

function useOptions({ except }: Common) {
  const [text, setText] = useState("");
  const found = useFound(useDeferredValue(text), except);
  return {
    options: (found ?? []).map((item) => optionOf(item, item.description)),
    filteringType: "manual" as const,
    statusType: found === undefined ? ("loading" as const) : ("finished" as const),
    loadingText: "Looking for assets",
    filteringPlaceholder: "Name, description, tag…",
    onLoadItems: ({ detail }: { detail: { filteringText: string } }) =>
      setText(detail.filteringText),
  };
}

export function AssetPicker(
  props: Common & { chosen: PickedAsset | null; onChange: (asset: PickedAsset) => void },
) {
  return (
    <Select
      {...useOptions(props)}
      ariaLabel={props.label}
      filteringAriaLabel={props.label}
      placeholder="Choose an asset"
      empty="No asset fits"
      selectedOption={props.chosen === null ? null : optionOf(props.chosen)}
      onChange={({ detail }) => props.onChange(assetOf(detail.selectedOption.value))}
    />
  );
}

export function AssetsPicker(
  props: Common & { chosen: PickedAsset[]; onChange: (assets: PickedAsset[]) => void },
) {
  return (
    <Multiselect
      {...useOptions(props)}
      ariaLabel={props.label}
      filteringAriaLabel={props.label}
      placeholder="Choose assets"
      empty="No asset fits"
      selectedOptions={props.chosen.map((asset) => optionOf(asset))}
      onChange={({ detail }) =>
        props.onChange(detail.selectedOptions.map((option) => assetOf(option.value)))
      }
      deselectAriaLabel={(option) => `Remove ${option.label ?? ""}`}
    />
  );
}
