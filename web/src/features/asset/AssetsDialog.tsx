// Archives, brings back or deletes one asset or many.
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { archiveAsset, deleteAsset, unarchiveAsset } from "../../api/changes";
import type { Asset } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import { succeed } from "../../app/flash";
import { refreshAsset, refreshLists } from "../../app/refresh";
import { ActionDialog } from "../../ui/ActionDialog";
import { plural } from "../../ui/format";
import { runAll } from "../../ui/runAll";

export type AssetAction = "archive" | "unarchive" | "delete";

export interface NamedAsset extends AssetRef {
  name: string;
}

const refOf = ({ databaseId, assetId }: NamedAsset): AssetRef => ({ databaseId, assetId });

const WORDS = {
  archive: {
    title: "Archive",
    text: "Files, versions and metadata are kept; lists show the asset no more until it is brought back.",
    done: "archived",
  },
  unarchive: {
    title: "Bring back",
    text: "The asset and its files appear in lists again.",
    done: "brought back",
  },
  delete: {
    title: "Delete for good",
    text: "All files with all their versions, metadata, links and comments are removed. There is no way back.",
    done: "deleted",
  },
};

export function AssetsDialog(props: {
  action: AssetAction;
  assets: NamedAsset[];
  onDone: (done: NamedAsset[]) => void;
  onClose: () => void;
}) {
  const { action, assets } = props;
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const words = WORDS[action];
  const work = (asset: NamedAsset) => {
    const ref = refOf(asset);
    if (action === "archive") return archiveAsset(ref, reason.trim());
    return action === "unarchive" ? unarchiveAsset(ref, reason.trim()) : deleteAsset(ref);
  };
  const refresh = (done: NamedAsset[]) => {
    for (const asset of done) refreshAsset(client, asset);
    refreshLists(client);
  };
  // What is shown of an archived asset is not asked for again: the server has no answers about it.
  const putAway = (done: NamedAsset[]) => {
    for (const { databaseId, assetId } of done) {
      const queryKey = ["asset", databaseId, assetId];
      client.setQueryData<Asset>(queryKey, (asset) => asset && { ...asset, status: "archived" });
      void client.invalidateQueries({ queryKey });
    }
    refreshLists(client);
  };
  const finish = (done: NamedAsset[]) => {
    if (action === "archive") putAway(done);
    else if (action === "unarchive") refresh(done);
    else refreshLists(client);
    if (done.length > 0) {
      const what = done.length === 1 ? (done[0]?.name ?? "") : plural(done.length, "asset");
      const undo =
        action === "archive"
          ? async () => {
              const back = await runAll(done, (asset) => unarchiveAsset(refOf(asset)), {
                atOnce: 4,
              });
              refresh(done);
              const bad = back.find((outcome) => outcome.error !== null);
              if (bad !== undefined) throw new Error(`${bad.item.name}: ${bad.error ?? ""}`);
            }
          : undefined;
      succeed(`${what} ${words.done}.`, undo);
    }
    props.onDone(done);
  };
  return (
    <ActionDialog
      title={`${words.title}: ${assets.length === 1 ? (assets[0]?.name ?? "") : plural(assets.length, "asset")}`}
      text={words.text}
      items={assets}
      nameOf={(asset) => asset.name}
      submitText={words.title}
      {...(action === "delete" ? { word: "delete" } : {})}
      incomplete={[...reason].length > 256}
      work={work}
      onDone={finish}
      onClose={props.onClose}
    >
      {action !== "delete" && (
        <FormField
          label="Reason"
          constraintText="Optional; shown to whoever finds it."
          errorText={[...reason].length > 256 ? "At most 256 characters." : ""}
        >
          <Input value={reason} onChange={({ detail }) => setReason(detail.value)} />
        </FormField>
      )}
    </ActionDialog>
  );
}
