// Lists after a change. The search index follows the data a moment later, so they are asked again.
import type { QueryClient } from "@tanstack/react-query";

const LISTS = ["search", "assets", "databases", "palette"];
const AGAIN = [0, 700, 2_500];

export function refreshLists(client: QueryClient): void {
  for (const delay of AGAIN)
    setTimeout(() => {
      for (const list of LISTS) void client.invalidateQueries({ queryKey: [list] });
    }, delay);
}

/** Everything that is shown of an asset. */
export function refreshAsset(
  client: QueryClient,
  ref: { databaseId: string; assetId: string },
): void {
  for (const part of ["asset", "versions", "files", "file", "links"])
    void client.invalidateQueries({ queryKey: [part, ref.databaseId, ref.assetId] });
}
