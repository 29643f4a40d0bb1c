// Makes a version, changes what is said of one, and goes back to one.
import Alert from "@cloudscape-design/components/alert";
import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Textarea from "@cloudscape-design/components/textarea";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createVersion, revertVersion, updateVersion } from "../../api/changes";
import type { AssetVersion } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import { succeed } from "../../app/flash";
import { refreshAsset, refreshLists } from "../../app/refresh";
import { Dialog } from "../../ui/Dialog";
import { plural } from "../../ui/format";
import { versionName } from "../browse/items";
import { ChosenFiles, type ChosenFile } from "./ChosenFiles";

function length(text: string): number {
  return [...text].length;
}

function Fields(props: {
  comment: string;
  alias: string;
  /** Of the comment. */
  max: number;
  onComment: (comment: string) => void;
  onAlias: (alias: string) => void;
}) {
  return (
    <>
      <FormField
        label="Comment"
        errorText={length(props.comment) > props.max ? `At most ${props.max} characters.` : ""}
      >
        <Textarea
          value={props.comment}
          onChange={({ detail }) => props.onComment(detail.value)}
          rows={2}
          placeholder="What is new in it"
          ariaRequired
        />
      </FormField>
      <FormField
        label="Alias"
        constraintText="Optional: a name beside the number."
        errorText={length(props.alias) > 64 ? "At most 64 characters." : ""}
      >
        <Input
          value={props.alias}
          onChange={({ detail }) => props.onAlias(detail.value)}
          placeholder="RC1"
        />
      </FormField>
    </>
  );
}

function skippedText(skipped: string[] | null): string {
  return skipped === null || skipped.length === 0
    ? ""
    : ` ${plural(skipped.length, "file")} could not be part of it: ${skipped.slice(0, 5).join(", ")}.`;
}

export function CreateVersionDialog(props: {
  of: AssetRef;
  versions: AssetVersion[];
  onClose: () => void;
}) {
  const { of } = props;
  const client = useQueryClient();
  const [comment, setComment] = useState("");
  const [alias, setAlias] = useState("");
  const [mode, setMode] = useState("latest");
  const [files, setFiles] = useState<ChosenFile[]>([]);
  const create = async () => {
    const form = { comment: comment.trim(), versionAlias: alias.trim() };
    const made = await createVersion(of, form, mode === "latest" ? null : files);
    refreshAsset(client, of);
    refreshLists(client);
    succeed(`Version ${made.assetVersionId} is made.${skippedText(made.skippedFiles)}`);
  };
  return (
    <Dialog
      title="Make a version"
      submitText="Make version"
      size={mode === "latest" ? "medium" : "max"}
      incomplete={
        comment.trim() === "" ||
        length(comment.trim()) > 256 ||
        length(alias.trim()) > 64 ||
        (mode === "chosen" && files.length === 0)
      }
      onSubmit={create}
      onClose={props.onClose}
    >
      <Fields comment={comment} alias={alias} max={256} onComment={setComment} onAlias={setAlias} />
      <FormField label="Files">
        <RadioGroup
          value={mode}
          onChange={({ detail }) => setMode(detail.value)}
          items={[
            {
              value: "latest",
              label: "All files as they are now",
              description: "With the metadata of the asset and of the files.",
            },
            {
              value: "chosen",
              label: "Chosen files",
              description: "Also former versions of files, or with another version to begin with.",
            },
          ]}
        />
      </FormField>
      {mode === "chosen" && <ChosenFiles of={of} versions={props.versions} onChange={setFiles} />}
    </Dialog>
  );
}

export function EditVersionDialog(props: {
  of: AssetRef;
  version: AssetVersion;
  onClose: () => void;
}) {
  const { of, version } = props;
  const client = useQueryClient();
  const [comment, setComment] = useState(version.Comment);
  const [alias, setAlias] = useState(version.versionAlias ?? "");
  return (
    <Dialog
      title={`Edit ${versionName(version.Version, version.versionAlias)}`}
      submitText="Save"
      incomplete={
        comment.trim() === "" || length(comment.trim()) > 1024 || length(alias.trim()) > 64
      }
      onSubmit={async () => {
        const form = { comment: comment.trim(), versionAlias: alias.trim() };
        await updateVersion(of, version.Version, form);
        refreshAsset(client, of);
        succeed(`v${version.Version} is saved.`);
      }}
      onClose={props.onClose}
    >
      <Fields
        comment={comment}
        alias={alias}
        max={1024}
        onComment={setComment}
        onAlias={setAlias}
      />
    </Dialog>
  );
}

export function RevertVersionDialog(props: {
  of: AssetRef;
  version: AssetVersion;
  onClose: () => void;
}) {
  const { of, version } = props;
  const client = useQueryClient();
  const [comment, setComment] = useState("");
  const [metadata, setMetadata] = useState(false);
  const name = versionName(version.Version, version.versionAlias);
  return (
    <Dialog
      title={`Go back to ${name}`}
      submitText="Go back"
      incomplete={comment.trim() === "" || length(comment.trim()) > 256}
      onSubmit={async () => {
        const made = await revertVersion(of, version.Version, {
          comment: comment.trim(),
          revertMetadata: metadata,
        });
        refreshAsset(client, of);
        refreshLists(client);
        void client.invalidateQueries({ queryKey: ["metadata"] });
        succeed(
          `Version ${made.assetVersionId} holds the files of ${name}.${skippedText(made.skippedFiles)}`,
        );
      }}
      onClose={props.onClose}
    >
      <Alert type="info">
        {`A new version is made with the files of ${name}. Files that are not part of it stay as they are; nothing is lost.`}
      </Alert>
      <FormField label="Comment">
        <Textarea
          value={comment}
          onChange={({ detail }) => setComment(detail.value)}
          rows={2}
          placeholder="Why"
          ariaRequired
        />
      </FormField>
      <Checkbox
        checked={metadata}
        onChange={({ detail }) => setMetadata(detail.checked)}
        description="Replaces all metadata of the asset and of its files by what the version holds."
      >
        Metadata as well
      </Checkbox>
    </Dialog>
  );
}
