// Links an asset to others.
import Alert from "@cloudscape-design/components/alert";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import { useState } from "react";
import { createLink } from "../../api/changes";
import type { AssetRef } from "../../api/vams";
import { succeed } from "../../app/flash";
import { ActionDialog } from "../../ui/ActionDialog";
import { plural } from "../../ui/format";
import { AssetsPicker, type PickedAsset } from "../browse/AssetPicker";
import { aliasProblem, linkOf, type Relation } from "./relations";

export function LinkDialog(props: {
  of: AssetRef;
  name: string;
  relation: Relation;
  onDone: () => void;
  onClose: () => void;
}) {
  const { of } = props;
  const [relation, setRelation] = useState(props.relation);
  const [assets, setAssets] = useState<PickedAsset[]>([]);
  const [alias, setAlias] = useState("");
  const problem = aliasProblem(alias);
  const foreign = assets.filter((asset) => asset.databaseId !== of.databaseId);
  return (
    <ActionDialog
      title={`Link ${props.name}`}
      text="Assets can be linked across databases."
      items={assets}
      nameOf={(asset) => asset.name}
      submitText="Link"
      atOnce={1}
      incomplete={assets.length === 0 || problem !== ""}
      work={(asset) => createLink(linkOf(of, relation, asset, alias.trim()))}
      onDone={(done) => {
        if (done.length > 0) succeed(`${plural(done.length, "link")} made.`);
        props.onDone();
      }}
      onClose={props.onClose}
    >
      <FormField label={`${props.name} is…`}>
        <RadioGroup
          value={relation}
          onChange={({ detail }) => setRelation(detail.value as Relation)}
          items={[
            { value: "parents", label: "part of the chosen assets" },
            { value: "children", label: "what the chosen assets are part of" },
            { value: "related", label: "related to the chosen assets" },
          ]}
        />
      </FormField>
      <FormField label="Assets">
        <AssetsPicker label="Assets" except={of} chosen={assets} onChange={setAssets} />
      </FormField>
      {relation !== "related" && (
        <FormField
          label="Alias"
          constraintText="Optional: tells several links between the same assets apart."
          errorText={problem}
        >
          <Input
            value={alias}
            onChange={({ detail }) => setAlias(detail.value)}
            placeholder="left"
            spellcheck={false}
          />
        </FormField>
      )}
      {foreign.length > 0 && (
        <Alert type="info">
          {`${plural(foreign.length, "asset")} of another database: whoever may not see that one will not see the link.`}
        </Alert>
      )}
    </ActionDialog>
  );
}
