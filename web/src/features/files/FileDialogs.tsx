// The dialogs of what can be done with files and folders.
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Autosuggest from "@cloudscape-design/components/autosuggest";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import {
  archiveFile,
  createFolder,
  deleteFile,
  setPrimaryType,
  unarchiveFile,
} from "../../api/changes";
import type { AssetFile } from "../../api/types";
import { listFiles, type AssetRef } from "../../api/vams";
import { fail, succeed } from "../../app/flash";
import { refreshAsset } from "../../app/refresh";
import { ActionDialog } from "../../ui/ActionDialog";
import { Dialog } from "../../ui/Dialog";
import { nameOf, plural } from "../../ui/format";
import { runAll } from "../../ui/runAll";
import { AssetPicker, type PickedAsset } from "../browse/AssetPicker";
import { folderOf } from "../upload/folder";
import {
  nameProblem,
  planTransfer,
  tidy,
  transfer,
  transferProblem,
  type Step,
} from "./operations";
import { buildTree, parentOf, pathOf, type Entry, type Folder } from "./tree";

export interface FileDialogProps {
  of: AssetRef;
  tree: Map<string, Folder>;
  entries: Entry[];
  /** Something is different now; `at`: where the one thing lies now. */
  onDone: (at?: string) => void;
  onClose: () => void;
}

function described(entries: Entry[]): string {
  const first = entries[0];
  return entries.length === 1 && first !== undefined
    ? nameOf(pathOf(first))
    : plural(entries.length, "thing");
}

export function NewFolderDialog(props: {
  of: AssetRef;
  folder: string;
  onDone: (path: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState("");
  const problem = name === "" ? "" : nameProblem(name);
  return (
    <Dialog
      title="New folder"
      submitText="Make folder"
      incomplete={name === "" || problem !== ""}
      onClose={props.onClose}
      onSubmit={async () => {
        const path = `${props.folder}${name.trim()}/`;
        await createFolder(props.of, path);
        props.onDone(path);
      }}
    >
      <FormField label="Name" constraintText={`In ${props.folder}`} errorText={problem}>
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
      </FormField>
    </Dialog>
  );
}

export function RenameDialog(props: FileDialogProps) {
  const { of, tree, entries } = props;
  const entry = entries[0];
  const before = entry === undefined ? "" : nameOf(pathOf(entry));
  const [name, setName] = useState(before);
  const problem = nameProblem(name);
  if (entry === undefined) return null;
  const rename = async () => {
    const home = parentOf(pathOf(entry));
    const plan = planTransfer(tree, [entry], home, name.trim());
    const outcomes = await runAll(plan.steps, (step) => transfer(of, of, false, step), {
      atOnce: 1,
    });
    const bad = outcomes.find((outcome) => outcome.error !== null);
    if (bad === undefined) await tidy(of, plan);
    else props.onDone();
    if (bad !== undefined) throw new Error(`${bad.item.from}: ${bad.error ?? ""}`);
    succeed(`${before} is called ${name.trim()} now.`);
    props.onDone(`${home}${name.trim()}${entry.kind === "folder" ? "/" : ""}`);
  };
  return (
    <Dialog
      title={`Rename ${before}`}
      submitText="Rename"
      incomplete={problem !== "" || name.trim() === before}
      onClose={props.onClose}
      onSubmit={rename}
    >
      <FormField
        label="New name"
        errorText={problem}
        constraintText={
          entry.kind === "folder"
            ? "All files in it move along; their former versions stay under the old name."
            : "Its former versions stay under the old name."
        }
      >
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
      </FormField>
    </Dialog>
  );
}

function useFolders(of: AssetRef | null): string[] {
  const files = useQuery({
    queryKey: ["files", of?.databaseId, of?.assetId, undefined, false],
    queryFn: ({ signal }) =>
      listFiles(of ?? { databaseId: "", assetId: "" }, { includeArchived: false }, signal),
    enabled: of !== null,
  });
  return useMemo(() => [...buildTree(files.data ?? []).keys()].sort(), [files.data]);
}

export function TransferDialog(
  props: FileDialogProps & {
    copy: boolean;
    /** Where a drag ended. */
    folder?: string;
  },
) {
  const { of, tree, entries } = props;
  const client = useQueryClient();
  const [copy, setCopy] = useState(props.copy);
  const [elsewhere, setElsewhere] = useState(false);
  const [asset, setAsset] = useState<PickedAsset | null>(null);
  const [place, setPlace] = useState(props.folder ?? "/");
  const to: AssetRef | null = !elsewhere
    ? of
    : asset && { databaseId: asset.databaseId, assetId: asset.assetId };
  const folders = useFolders(to);
  const folder = folderOf(place);
  const problem = elsewhere ? "" : transferProblem(entries, folder, copy);
  const plan = useMemo(() => planTransfer(tree, entries, folder), [tree, entries, folder]);
  const verb = copy ? "Copy" : "Move";
  const done = async (steps: Step[]) => {
    props.onDone();
    if (to !== null) refreshAsset(client, to);
    if (steps.length < plan.steps.length || to === null) return;
    try {
      await tidy(to, copy ? { ...plan, left: [] } : plan);
    } catch (error) {
      fail("Not all folders could be made or taken away", error);
    }
    succeed(`${plural(steps.length, "file")} ${copy ? "copied" : "moved"} to ${folder}`);
    props.onDone();
    refreshAsset(client, to);
  };
  return (
    <ActionDialog
      title={`${verb} ${described(entries)}`}
      text={`${plural(plan.steps.length, "file")} to ${elsewhere ? (asset?.name ?? "another asset") : "this asset"}, ${folder}`}
      items={plan.steps}
      nameOf={(step) => step.from}
      submitText={verb}
      atOnce={1}
      incomplete={to === null || problem !== ""}
      work={(step) => transfer(of, to ?? of, copy, step)}
      onDone={(steps) => void done(steps)}
      onClose={props.onClose}
    >
      <SegmentedControl
        label="What to do"
        selectedId={copy ? "copy" : "move"}
        onChange={({ detail }) => {
          setCopy(detail.selectedId === "copy");
          if (detail.selectedId === "move") setElsewhere(false);
        }}
        options={[
          { id: "move", text: "Move" },
          { id: "copy", text: "Copy" },
        ]}
      />
      {copy && (
        <FormField label="Asset">
          <SegmentedControl
            label="Asset"
            selectedId={elsewhere ? "other" : "this"}
            onChange={({ detail }) => setElsewhere(detail.selectedId === "other")}
            options={[
              { id: "this", text: "This asset" },
              { id: "other", text: "Another asset" },
            ]}
          />
        </FormField>
      )}
      {elsewhere && (
        <FormField label="Which asset">
          <AssetPicker label="Which asset" except={of} chosen={asset} onChange={setAsset} />
        </FormField>
      )}
      <FormField
        label="Folder"
        constraintText="One that is there, or a new one."
        errorText={problem}
      >
        <Autosuggest
          value={place}
          onChange={({ detail }) => setPlace(detail.value)}
          options={folders.map((value) => ({ value }))}
          ariaLabel="Folder"
          enteredTextLabel={(value) => `Make “${value}”`}
          empty="No folders"
        />
      </FormField>
    </ActionDialog>
  );
}

const WORDS = {
  archive: {
    title: "Archive",
    text: "They disappear from lists; all their versions are kept, and they can be brought back.",
    done: "archived",
  },
  unarchive: { title: "Bring back", text: "They appear in lists again.", done: "brought back" },
  delete: {
    title: "Delete for good",
    text: "All versions of these files are removed, also where versions of the asset hold them. There is no way back.",
    done: "deleted",
  },
};

export function PutAwayDialog(props: FileDialogProps & { action: keyof typeof WORDS }) {
  const { of, entries, action } = props;
  const words = WORDS[action];
  const work = (entry: Entry) => {
    const path = pathOf(entry);
    const folder = entry.kind === "folder";
    if (action === "archive") return archiveFile(of, path, folder);
    return action === "unarchive" ? unarchiveFile(of, path) : deleteFile(of, path, folder);
  };
  const finish = (done: Entry[]) => {
    props.onDone();
    const files = done.filter((entry) => entry.kind === "file");
    const undo =
      action === "archive" && files.length === done.length
        ? async () => {
            const back = await runAll(done, (entry) => unarchiveFile(of, pathOf(entry)), {
              atOnce: 2,
            });
            props.onDone();
            const bad = back.find((outcome) => outcome.error !== null);
            if (bad !== undefined) throw new Error(bad.error ?? "");
          }
        : undefined;
    if (done.length > 0) succeed(`${described(done)} ${words.done}.`, undo);
  };
  return (
    <ActionDialog
      title={`${words.title}: ${described(entries)}`}
      text={words.text}
      items={entries}
      nameOf={pathOf}
      submitText={words.title}
      atOnce={2}
      {...(action === "delete" ? { word: "delete" } : {})}
      work={work}
      onDone={finish}
      onClose={props.onClose}
    />
  );
}

const TYPES = [
  { value: "", label: "None" },
  { value: "primary", label: "Primary" },
  ...[1, 2, 3, 4, 5].map((level) => ({
    value: `lod${level}`,
    label: `Level of detail ${level}`,
  })),
  { value: "other", label: "Something else" },
];

export function PrimaryTypeDialog(props: FileDialogProps) {
  const files = props.entries.flatMap((entry): AssetFile[] =>
    entry.kind === "file" ? [entry.file] : [],
  );
  const now = files[0]?.primaryType ?? "";
  const known = TYPES.some((type) => type.value === now && type.value !== "other");
  const [type, setType] = useState(known ? now : "other");
  const [other, setOther] = useState(known ? "" : now);
  return (
    <ActionDialog
      title={`Role of ${described(props.entries)}`}
      text="What the file is among the files of its asset."
      items={files}
      nameOf={(file) => file.relativePath}
      submitText="Set role"
      incomplete={type === "other" && (other.trim() === "" || other.length > 30)}
      work={(file) => setPrimaryType(props.of, file.relativePath, type, other.trim())}
      onDone={(done) => {
        props.onDone();
        if (done.length > 0) succeed(`The role of ${plural(done.length, "file")} is set.`);
      }}
      onClose={props.onClose}
    >
      <FormField label="Role">
        <Select
          options={TYPES}
          selectedOption={TYPES.find((one) => one.value === type) ?? null}
          onChange={({ detail }) => setType(detail.selectedOption.value ?? "")}
        />
      </FormField>
      {type === "other" && (
        <FormField label="Which" constraintText="At most 30 characters.">
          <Input value={other} onChange={({ detail }) => setOther(detail.value)} />
        </FormField>
      )}
    </ActionDialog>
  );
}
