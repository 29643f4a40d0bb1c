// Everything that is known about an asset, and on demand about those below it, as one JSON file.
import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useEffect, useRef, useState } from "react";
import { exportAsset, type ExportOptions } from "../../api/changes";
import type { AssetRef } from "../../api/vams";
import { succeed } from "../../app/flash";
import { Dialog } from "../../ui/Dialog";
import { formatCount, plural } from "../../ui/format";
import { saveText } from "../../ui/saveText";

const CHOICES: [keyof Omit<ExportOptions, "fileExtensions">, string, string][] = [
  ["includeAssetMetadata", "Metadata of assets", ""],
  ["includeFileMetadata", "Metadata and attributes of files", ""],
  ["fetchAssetRelationships", "Assets directly below this one", "Linked as its children."],
  ["fetchEntireChildrenSubtrees", "All assets below this one", "Children of children as well."],
  ["includeAssetLinkMetadata", "Links between the assets", "With their metadata."],
  ["generatePresignedUrls", "Links for downloading", "Good for a day, without signing in."],
  ["includeOnlyPrimaryTypeFiles", "Only files with a role", "Primary, level of detail and so on."],
];

export function ExportDialog(props: { of: AssetRef; assetName: string; onClose: () => void }) {
  const [options, setOptions] = useState<ExportOptions>({
    generatePresignedUrls: false,
    includeFileMetadata: true,
    includeAssetMetadata: true,
    includeAssetLinkMetadata: true,
    fetchAssetRelationships: true,
    fetchEntireChildrenSubtrees: false,
    includeOnlyPrimaryTypeFiles: false,
    fileExtensions: [],
  });
  const [extensions, setExtensions] = useState("");
  const [progress, setProgress] = useState("");
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const run = async () => {
    const fileExtensions = extensions.split(/[\s,;]+/).filter((word) => word !== "");
    const result = await exportAsset(
      props.of,
      { ...options, fileExtensions },
      (done, total) => setProgress(`${formatCount(done)} of ${plural(total, "asset")}`),
      stop.current.signal,
    );
    saveText(
      `${props.of.assetId}.json`,
      "application/json",
      `${JSON.stringify(result, null, 2)}\n`,
    );
    succeed(`${plural(result.assets.length, "asset")} exported.`);
  };
  return (
    <Dialog
      title={`Export ${props.assetName}`}
      submitText="Export"
      onSubmit={run}
      onClose={props.onClose}
    >
      {CHOICES.map(([name, text, description]) => (
        <Checkbox
          key={name}
          checked={options[name]}
          description={description}
          disabled={name === "fetchEntireChildrenSubtrees" && !options.fetchAssetRelationships}
          onChange={({ detail }) => setOptions({ ...options, [name]: detail.checked })}
        >
          {text}
        </Checkbox>
      ))}
      <FormField label="Extensions of files" constraintText="Separated by commas. Empty: all.">
        <Input
          value={extensions}
          onChange={({ detail }) => setExtensions(detail.value)}
          placeholder=".glb, .e57"
          spellcheck={false}
        />
      </FormField>
      {progress !== "" && <div role="status">{progress}</div>}
    </Dialog>
  );
}
