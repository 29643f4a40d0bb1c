// Tags and distribution of many assets at once.
import FormField from "@cloudscape-design/components/form-field";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { updateAsset } from "../../api/changes";
import { getAsset } from "../../api/vams";
import { succeed } from "../../app/flash";
import { refreshAsset, refreshLists } from "../../app/refresh";
import { ActionDialog } from "../../ui/ActionDialog";
import { plural } from "../../ui/format";
import type { NamedAsset } from "../asset/AssetsDialog";
import { TagsField } from "../asset/TagsField";

export function BulkEditDialog(props: { assets: NamedAsset[]; onClose: () => void }) {
  const client = useQueryClient();
  const [add, setAdd] = useState<string[]>([]);
  const [remove, setRemove] = useState<string[]>([]);
  const [distributable, setDistributable] = useState("same");
  const work = async ({ databaseId, assetId }: NamedAsset) => {
    const ref = { databaseId, assetId };
    // What the list shows may be a moment old.
    const { tags } = await getAsset(ref);
    const kept = tags.filter((tag) => !remove.includes(tag));
    await updateAsset(ref, {
      ...(add.length + remove.length > 0 ? { tags: [...new Set([...kept, ...add])] } : {}),
      ...(distributable === "same" ? {} : { isDistributable: distributable === "yes" }),
    });
  };
  return (
    <ActionDialog
      title={`Change ${plural(props.assets.length, "asset")}`}
      text="What is left empty stays as it is."
      items={props.assets}
      nameOf={(asset) => asset.name}
      submitText="Change"
      incomplete={add.length + remove.length === 0 && distributable === "same"}
      work={work}
      onDone={(done) => {
        for (const asset of done) refreshAsset(client, asset);
        refreshLists(client);
        if (done.length > 0) succeed(`${plural(done.length, "asset")} changed.`);
      }}
      onClose={props.onClose}
    >
      <TagsField label="Tags to add" chosen={add} onChange={setAdd} />
      <TagsField label="Tags to remove" chosen={remove} onChange={setRemove} />
      <FormField label="Distributable">
        <SegmentedControl
          label="Distributable"
          selectedId={distributable}
          onChange={({ detail }) => setDistributable(detail.selectedId)}
          options={[
            { id: "same", text: "As it is" },
            { id: "yes", text: "Yes" },
            { id: "no", text: "No" },
          ]}
        />
      </FormField>
    </ActionDialog>
  );
}
