// What can be done with the assets that are chosen in a list.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { getMetadata } from "../../api/vams";
import { fail } from "../../app/flash";
import { plural } from "../../ui/format";
import { runAll } from "../../ui/runAll";
import { AssetsDialog, type AssetAction, type NamedAsset } from "../asset/AssetsDialog";
import { SheetDialog } from "../metadata/SheetDialog";
import type { SheetTarget } from "../metadata/sheets";
import { BulkEditDialog } from "./BulkEditDialog";
import type { Selection } from "./selection";

type Open = { name: AssetAction } | { name: "edit" } | { name: "sheet"; targets: SheetTarget[] };

async function readTargets(assets: NamedAsset[]): Promise<SheetTarget[]> {
  const targets = new Map<NamedAsset, SheetTarget>();
  const outcomes = await runAll(
    assets,
    async (asset) => {
      const ref = { databaseId: asset.databaseId, assetId: asset.assetId };
      const target = { kind: "asset" as const, ref };
      const answer = await getMetadata(target, undefined);
      targets.set(asset, { name: asset.name, target, items: answer.metadata });
    },
    { atOnce: 4 },
  );
  const bad = outcomes.find((outcome) => outcome.error !== null);
  if (bad !== undefined) throw new Error(`${bad.item.name}: ${bad.error ?? ""}`);
  return assets.flatMap((asset) => targets.get(asset) ?? []);
}

export function BulkBar({ selection }: { selection: Selection }) {
  const [open, setOpen] = useState<Open | null>(null);
  const [reading, setReading] = useState(false);
  const assets: NamedAsset[] = selection.items.map(({ databaseId, assetId, name }) => ({
    databaseId,
    assetId,
    name,
  }));
  const isArchived = (asset: NamedAsset) =>
    selection.items.some(
      (item) =>
        item.archived && item.assetId === asset.assetId && item.databaseId === asset.databaseId,
    );
  const archived = assets.filter(isArchived);
  const active = assets.filter((asset) => !isArchived(asset));
  const openSheet = async () => {
    setReading(true);
    try {
      setOpen({ name: "sheet", targets: await readTargets(active) });
    } catch (error) {
      fail("The metadata cannot be read", error);
    } finally {
      setReading(false);
    }
  };
  const affected =
    open?.name === "archive" ? active : open?.name === "unarchive" ? archived : assets;
  return (
    <div className="vams-bulk" role="region" aria-label="Chosen assets">
      <Box fontWeight="bold">{`${plural(assets.length, "asset")} chosen`}</Box>
      <SpaceBetween direction="horizontal" size="xs">
        <Button disabled={active.length === 0} onClick={() => setOpen({ name: "edit" })}>
          Tags and more
        </Button>
        <Button disabled={active.length === 0} loading={reading} onClick={() => void openSheet()}>
          Metadata
        </Button>
        {active.length > 0 && <Button onClick={() => setOpen({ name: "archive" })}>Archive</Button>}
        {archived.length > 0 && (
          <Button onClick={() => setOpen({ name: "unarchive" })}>Bring back</Button>
        )}
        <Button onClick={() => setOpen({ name: "delete" })}>Delete for good</Button>
        <Button variant="link" onClick={selection.clear}>
          Choose none
        </Button>
      </SpaceBetween>
      {open?.name === "edit" && <BulkEditDialog assets={active} onClose={() => setOpen(null)} />}
      {open?.name === "sheet" && (
        <SheetDialog
          title={`Metadata of ${plural(open.targets.length, "asset")}`}
          targets={open.targets}
          onSaved={() => undefined}
          onClose={() => setOpen(null)}
        />
      )}
      {(open?.name === "archive" || open?.name === "unarchive" || open?.name === "delete") && (
        <AssetsDialog
          action={open.name}
          assets={affected}
          onDone={(done) => {
            const gone = new Set(done.map((asset) => `${asset.databaseId} ${asset.assetId}`));
            selection.set(
              selection.items.filter((item) => !gone.has(`${item.databaseId} ${item.assetId}`)),
            );
          }}
          onClose={() => setOpen(null)}
        />
      )}
    </div>
  );
}
