// Changes what an asset is called and how it is described.
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Textarea from "@cloudscape-design/components/textarea";
import Toggle from "@cloudscape-design/components/toggle";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { updateAsset } from "../../api/changes";
import type { Asset } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import { succeed } from "../../app/flash";
import { refreshAsset, refreshLists } from "../../app/refresh";
import { Dialog } from "../../ui/Dialog";
import { descriptionProblem, nameProblem } from "./rules";
import { missingTypes } from "./tags";
import { TagsField, useTags } from "./TagsField";

export function EditAssetDialog(props: { of: AssetRef; asset: Asset; onClose: () => void }) {
  const { of, asset } = props;
  const client = useQueryClient();
  const { types } = useTags();
  const [name, setName] = useState(asset.assetName);
  const [description, setDescription] = useState(asset.description);
  const [distributable, setDistributable] = useState(asset.isDistributable);
  const [tags, setTags] = useState(asset.tags);
  const save = async () => {
    await updateAsset(of, {
      assetName: name.trim(),
      description,
      isDistributable: distributable,
      tags,
    });
    refreshAsset(client, of);
    refreshLists(client);
    succeed(`${name.trim()} is saved.`);
  };
  const incomplete =
    name.trim() === "" ||
    nameProblem(name) !== "" ||
    description === "" ||
    descriptionProblem(description) !== "" ||
    missingTypes(tags, types).length > 0;
  return (
    <Dialog
      title={`Edit ${asset.assetName}`}
      submitText="Save"
      onSubmit={save}
      onClose={props.onClose}
      incomplete={incomplete}
    >
      <FormField label="Name" errorText={nameProblem(name)}>
        <Input value={name} onChange={({ detail }) => setName(detail.value)} ariaRequired />
      </FormField>
      <FormField label="Description" errorText={descriptionProblem(description)}>
        <Textarea
          value={description}
          onChange={({ detail }) => setDescription(detail.value)}
          rows={3}
          ariaRequired
        />
      </FormField>
      <TagsField chosen={tags} onChange={setTags} complete />
      <Toggle
        checked={distributable}
        onChange={({ detail }) => setDistributable(detail.checked)}
        description="Otherwise nobody can download or look at the files."
      >
        Distributable
      </Toggle>
    </Dialog>
  );
}
