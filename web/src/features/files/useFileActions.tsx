// The menu of what can be done with files and folders, and the dialogs that it opens; for the list of
// files and for the page of one.
import type { ButtonDropdownProps } from "@cloudscape-design/components/button-dropdown";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState, type ReactNode } from "react";
import type { AssetRef } from "../../api/vams";
import { useApp } from "../../app/context";
import { fail } from "../../app/flash";
import { refreshAsset, refreshLists } from "../../app/refresh";
import { useMayChange } from "../../app/rights";
import { extensionOf, nameOf } from "../../ui/format";
import { download } from "../asset/download";
import { PREVIEW_BYTES, PREVIEW_EXTENSIONS } from "../upload/plan";
import { uploads } from "../upload/uploads";
import { filesOf, pathOf, type Entry, type Folder } from "./tree";

const dialogs = () => import("./FileDialogs");
const RenameDialog = lazy(async () => ({ default: (await dialogs()).RenameDialog }));
const TransferDialog = lazy(async () => ({ default: (await dialogs()).TransferDialog }));
const PutAwayDialog = lazy(async () => ({ default: (await dialogs()).PutAwayDialog }));
const PrimaryTypeDialog = lazy(async () => ({ default: (await dialogs()).PrimaryTypeDialog }));
const ZipDialog = lazy(async () => ({ default: (await import("./ZipDialog")).ZipDialog }));
const ShareDialog = lazy(async () => ({
  default: (await import("../asset/ShareDialog")).ShareDialog,
}));

export type FileAction =
  | "download"
  | "share"
  | "rename"
  | "move"
  | "copy"
  | "role"
  | "picture"
  | "picture-delete"
  | "archive"
  | "unarchive"
  | "delete";

interface Open {
  action: FileAction;
  entries: Entry[];
  folder?: string;
}

export interface FileActions {
  items: (entries: Entry[]) => ButtonDropdownProps.Items;
  run: (action: FileAction, entries: Entry[], folder?: string) => void;
  /** The dialogs; has to be on the page. */
  dialogs: ReactNode;
}

function choosePicture(): Promise<File | null> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = PREVIEW_EXTENSIONS.join(",");
    input.onchange = () => resolve(input.files?.[0] ?? null);
    input.oncancel = () => resolve(null);
    input.click();
  });
}

export function useFileActions(props: {
  of: AssetRef;
  assetName: string;
  assetVersionId: string | undefined;
  tree: Map<string, Folder>;
  /** `at`: where the one thing lies now. */
  onChanged?: (at?: string) => void;
}): FileActions {
  const { of, assetVersionId, tree } = props;
  const { user } = useApp();
  const client = useQueryClient();
  const mayChange = useMayChange() && assetVersionId === undefined;
  const [open, setOpen] = useState<Open | null>(null);

  const items = (entries: Entry[]): ButtonDropdownProps.Items => {
    const files = entries.flatMap((entry) => (entry.kind === "file" ? [entry.file] : []));
    const none = entries.length === 0;
    const archived = files.some((file) => file.isArchived || file.isPermanentlyDeleted);
    const allArchived = files.length === entries.length && files.every((file) => file.isArchived);
    const onlyFiles = files.length === entries.length;
    const one = entries.length === 1;
    const read: ButtonDropdownProps.Items = [
      { id: "download", text: "Download", disabled: none || archived, iconName: "download" },
      { id: "share", text: "Share links", disabled: none || archived, iconName: "share" },
    ];
    if (!mayChange) return read;
    const preview = files[0]?.previewFile ?? "";
    return [
      ...read,
      { id: "rename", text: "Rename", disabled: !one || archived, iconName: "edit" },
      { id: "move", text: "Move", disabled: none || archived },
      { id: "copy", text: "Copy", disabled: none || archived, iconName: "copy" },
      { id: "role", text: "Role in the asset", disabled: none || archived || !onlyFiles },
      {
        text: "Picture",
        items: [
          { id: "picture", text: "Choose a picture", disabled: !one || !onlyFiles || archived },
          { id: "picture-delete", text: "Remove the picture", disabled: !one || preview === "" },
        ],
      },
      {
        text: "Put away",
        items: [
          { id: "archive", text: "Archive", disabled: none || archived },
          { id: "unarchive", text: "Bring back", disabled: none || !allArchived },
          { id: "delete", text: "Delete for good", disabled: none },
        ],
      },
    ];
  };
  const sendPicture = async (entry: Entry | undefined) => {
    const file = await choosePicture();
    if (file === null || entry === undefined) return;
    const title = "This cannot be the picture";
    const extension = extensionOf(file.name);
    if (!PREVIEW_EXTENSIONS.includes(extension))
      return fail(title, new Error(`Pictures are ${PREVIEW_EXTENSIONS.join(", ")}.`));
    if (file.size > PREVIEW_BYTES) return fail(title, new Error("Pictures have at most 5 MiB."));
    const path = `${pathOf(entry)}.previewFile${extension}`;
    uploads.start({
      user: user.id,
      ref: of,
      assetName: props.assetName,
      files: [{ path, source: file.name, file }],
    });
  };
  const run = (action: FileAction, entries: Entry[], folder?: string) => {
    const first = entries[0];
    if (action === "picture") return void sendPicture(first);
    if (action === "download" && entries.length === 1 && first?.kind === "file") {
      const version =
        assetVersionId === undefined ? {} : { versionId: first.file.versionId ?? undefined };
      return void download(of, first.file.relativePath, version);
    }
    setOpen({ action, entries, ...(folder === undefined ? {} : { folder }) });
  };
  const done = (at?: string) => {
    refreshAsset(client, of);
    refreshLists(client);
    props.onChanged?.(at);
  };
  const close = () => setOpen(null);
  const render = (): ReactNode => {
    if (open === null) return null;
    const { action, entries } = open;
    const common = { of, tree, entries, onDone: done, onClose: close };
    const live = filesOf(tree, entries).filter((file) => !file.isArchived);
    switch (action) {
      case "download":
        return (
          <ZipDialog
            of={of}
            name={
              entries.length === 1 && entries[0] !== undefined
                ? nameOf(pathOf(entries[0])) || props.assetName
                : props.assetName
            }
            files={live}
            exact={assetVersionId !== undefined}
            onClose={close}
          />
        );
      case "share":
        return (
          <ShareDialog
            of={of}
            paths={live.map((file) => file.relativePath)}
            {...(assetVersionId === undefined ? {} : { assetVersionId })}
            onClose={close}
          />
        );
      case "rename":
        return <RenameDialog {...common} />;
      case "move":
      case "copy":
        return (
          <TransferDialog
            {...common}
            copy={action === "copy"}
            {...(open.folder === undefined ? {} : { folder: open.folder })}
          />
        );
      case "role":
        return <PrimaryTypeDialog {...common} />;
      case "picture-delete": {
        const file = entries[0]?.kind === "file" ? entries[0].file : undefined;
        if (file === undefined) return null;
        const picture = { ...file, relativePath: file.previewFile, fileName: file.previewFile };
        return (
          <PutAwayDialog {...common} entries={[{ kind: "file", file: picture }]} action="archive" />
        );
      }
      default:
        return action === "picture" ? null : <PutAwayDialog {...common} action={action} />;
    }
  };
  return { items, run, dialogs: <Suspense>{render()}</Suspense> };
}
