import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import type { Job } from "./job";
import { browserStore } from "./store";

const job = (id: string): Job => ({
  id,
  user: "ann",
  ref: { databaseId: "plant", assetId: "pump" },
  assetName: "Pump",
  type: "assetFile",
  created: 1,
  state: "running",
  files: [],
  roots: [],
  metadata: [],
  notes: [],
});

test("uploads are kept, replaced and forgotten", async () => {
  await browserStore.put(job("a"));
  await browserStore.put(job("b"));
  await browserStore.put({ ...job("a"), state: "paused" });
  await browserStore.remove("b");

  expect((await browserStore.all()).map((one) => [one.id, one.state])).toEqual([["a", "paused"]]);
});
