// The files of an asset: folders beside what they hold, now or as a version holds them.
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import TextFilter from "@cloudscape-design/components/text-filter";
import Toggle from "@cloudscape-design/components/toggle";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { useNavigate, useSearchParams } from "react-router-dom";
import type { Asset, AssetFile } from "../../api/types";
import { listFiles, type AssetRef } from "../../api/vams";
import { refreshAsset } from "../../app/refresh";
import { useMayChange } from "../../app/rights";
import { Empty } from "../../ui/Empty";
import { formatBytes, formatCount, plural } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { filePath } from "../browse/items";
import type { Collected } from "../upload/collect";
import { DropZone, UploadButton } from "../upload/DropZone";
import { FileList, type ListSort } from "./FileList";
import type { FolderDrops } from "./folderDrop";
import { FolderTree } from "./FolderTree";
import { buildTree, entriesOf, parentOf, pathOf, type Entry } from "./tree";
import { useFileActions, type FileAction } from "./useFileActions";
import "./files.css";

const UploadDialog = lazy(async () => ({
  default: (await import("../upload/UploadDialog")).UploadDialog,
}));
const NewFolderDialog = lazy(async () => ({
  default: (await import("./FileDialogs")).NewFolderDialog,
}));

const NONE: AssetFile[] = [];
/** So few files are shown at once, whatever their folders. */
const FEW = 30;
const EMPTY = { path: "/", name: "", folders: [], files: [], count: 0, bytes: 0, made: false };

function Path(props: { folder: string; onOpen: (folder: string) => void }) {
  const steps = [{ path: "/", name: "All files" }];
  const segments = props.folder.split("/").filter((segment) => segment !== "");
  for (const [index, name] of segments.entries())
    steps.push({ path: `/${segments.slice(0, index + 1).join("/")}/`, name });
  return (
    <nav className="vams-path" aria-label="Folder that is shown">
      {steps.map((step, index) => (
        <span key={step.path}>
          {index > 0 && <span aria-hidden="true">/ </span>}
          <button
            type="button"
            {...(index === steps.length - 1 ? { "aria-current": "page" as const } : {})}
            onClick={() => props.onOpen(step.path)}
          >
            {step.name}
          </button>
        </span>
      ))}
    </nav>
  );
}

function useFolder(): [string, (folder: string) => void] {
  const [url, setUrl] = useSearchParams();
  const open = (folder: string) => {
    const next = new URLSearchParams(url);
    if (folder === "/") next.delete("folder");
    else next.set("folder", folder);
    setUrl(next);
  };
  return [url.get("folder") ?? "/", open];
}

export function FileManager(props: {
  of: AssetRef;
  asset: Asset;
  assetVersionId: string | undefined;
}) {
  const { of, asset, assetVersionId } = props;
  const client = useQueryClient();
  const navigate = useNavigate();
  const mayChange = useMayChange() && assetVersionId === undefined && asset.status === "active";
  const [archived, setArchived] = useState(false);
  const [outside, setOutside] = useState(false);
  const [text, setText] = useState("");
  const [sort, setSort] = useState<ListSort>({ field: "name", down: false });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asked, openFolder] = useFolder();
  const [upload, setUpload] = useState<{ folder: string; files: Collected } | null>(null);
  const [making, setMaking] = useState(false);
  const list = useQuery({
    queryKey: ["files", of.databaseId, of.assetId, assetVersionId, archived],
    queryFn: ({ signal }) => listFiles(of, { includeArchived: archived, assetVersionId }, signal),
  });
  const files = list.data ?? NONE;
  const tree = useMemo(() => buildTree(files), [files]);
  const folder = tree.has(asked) ? asked : "/";
  const [arranged, setArranged] = useState<"folders" | "flat" | null>(null);
  const flat = arranged === null ? (tree.get("/")?.count ?? 0) <= FEW : arranged === "flat";
  const entries = useMemo(
    () =>
      entriesOf(
        tree,
        folder,
        text,
        (file) => !outside || file.currentAssetVersionFileVersionMismatch === true,
        sort,
        flat,
      ),
    [tree, folder, text, outside, sort, flat],
  );
  const chosenEntries = entries.filter((entry) => chosen.has(pathOf(entry)));
  const actions = useFileActions({
    of,
    assetName: asset.assetName,
    assetVersionId,
    tree,
    onChanged: () => setChosen(new Set()),
  });
  const show = (path: string) => {
    setChosen(new Set());
    setText("");
    openFolder(path);
  };
  const linkOf = (entry: Entry) => {
    const version = assetVersionId === undefined ? "" : `assetVersionId=${assetVersionId}`;
    if (entry.kind === "file")
      return `${filePath(of.databaseId, of.assetId, entry.file.relativePath)}${version && `?${version}`}`;
    return `?${[version, `folder=${encodeURIComponent(entry.folder.path)}`].filter(Boolean).join("&")}`;
  };
  const drops: FolderDrops | null = mayChange
    ? {
        onFiles: (into, dropped) => setUpload({ folder: into, files: dropped }),
        onEntries: (into, dragged, copy) => {
          if (dragged.asset !== `${of.databaseId} ${of.assetId}`) return;
          const moved = entries.filter((entry) => dragged.paths.includes(pathOf(entry)));
          if (
            moved.some(
              (entry) => pathOf(entry) === into || (!copy && parentOf(pathOf(entry)) === into),
            )
          )
            return;
          actions.run(copy ? "copy" : "move", moved, into);
        },
      }
    : null;
  const onKey = (key: string) => {
    if (!mayChange || chosenEntries.length === 0) return;
    actions.run(key === "F2" ? "rename" : "archive", chosenEntries);
  };
  if (list.error !== null)
    return <Problem error={list.error} onRetry={() => void list.refetch()} />;

  const root = tree.get("/");
  const live = entries.filter((entry) => entry.kind === "folder" || !entry.file.isArchived);
  const header = (
    <Header
      variant="h2"
      counter={list.isPending ? "" : `(${formatCount(root?.count ?? 0)})`}
      description={
        chosenEntries.length === 0
          ? root !== undefined && root.count > 0
            ? formatBytes(root.bytes)
            : undefined
          : `${plural(chosenEntries.length, "thing")} chosen`
      }
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <ButtonDropdown
            items={actions.items(chosenEntries)}
            disabled={chosenEntries.length === 0}
            onItemClick={({ detail }) => actions.run(detail.id as FileAction, chosenEntries)}
          >
            File actions
          </ButtonDropdown>
          <Button
            iconName="download"
            disabled={live.length === 0}
            onClick={() =>
              actions.run("download", [{ kind: "folder", folder: tree.get(folder) ?? EMPTY }])
            }
          >
            {folder === "/" ? "Download all" : "Download folder"}
          </Button>
          {mayChange && <Button onClick={() => setMaking(true)}>New folder</Button>}
          {mayChange && (
            <UploadButton
              variant="primary"
              onFiles={(picked) => setUpload({ folder, files: picked })}
            />
          )}
        </SpaceBetween>
      }
    >
      Files
    </Header>
  );
  const nothing =
    text !== "" || outside ? (
      <Empty title="No file fits" text="No path below this folder has these letters." />
    ) : (
      <Empty
        title="No files"
        text={
          mayChange
            ? "Drop files or folders here, or choose them."
            : "Nothing has been put into this folder yet."
        }
        action={
          mayChange && (
            <UploadButton
              text="Choose"
              onFiles={(picked) => setUpload({ folder, files: picked })}
            />
          )
        }
      />
    );
  return (
    <SpaceBetween size="s">
      {header}
      <div className="vams-file-tools">
        <TextFilter
          filteringText={text}
          filteringPlaceholder="Find a file"
          filteringAriaLabel="Find a file"
          filteringClearAriaLabel="Clear"
          countText={text === "" ? "" : plural(entries.length, "match", "matches")}
          onChange={({ detail }) => {
            setText(detail.filteringText);
            setChosen(new Set());
          }}
        />
        <SegmentedControl
          label="Arrangement of the list"
          selectedId={flat ? "flat" : "folders"}
          options={[
            { id: "folders", text: "Folders" },
            { id: "flat", text: "All below" },
          ]}
          onChange={({ detail }) => {
            setArranged(detail.selectedId === "flat" ? "flat" : "folders");
            setChosen(new Set());
          }}
        />
        {assetVersionId === undefined && (
          <Toggle checked={archived} onChange={({ detail }) => setArchived(detail.checked)}>
            Show archived
          </Toggle>
        )}
        {assetVersionId === undefined && (
          <Toggle checked={outside} onChange={({ detail }) => setOutside(detail.checked)}>
            Only what no version holds
          </Toggle>
        )}
      </div>
      <Path folder={folder} onOpen={show} />
      <DropZone
        text={`Drop to upload to ${folder}`}
        onFiles={mayChange ? (files) => setUpload({ folder, files }) : null}
      >
        <div className="vams-manager">
          <FolderTree tree={tree} chosen={folder} onChoose={show} drops={drops} />
          {entries.length === 0 ? (
            <div className="vams-file-empty" aria-busy={list.isPending}>
              {list.isPending ? (
                <div className="vams-loading" role="status" aria-label="Loading files" />
              ) : (
                nothing
              )}
            </div>
          ) : (
            <FileList
              of={of}
              entries={entries}
              chosen={chosen}
              onChoose={setChosen}
              onOpen={(entry) =>
                entry.kind === "folder" ? show(entry.folder.path) : navigate(linkOf(entry))
              }
              onKey={onKey}
              linkOf={linkOf}
              sort={sort}
              onSort={setSort}
              withPath={text !== "" || flat}
              drops={drops}
              onDownload={(file) => actions.run("download", [{ kind: "file", file }])}
            />
          )}
        </div>
      </DropZone>
      {actions.dialogs}
      <Suspense>
        {upload !== null && (
          <UploadDialog
            of={of}
            assetName={asset.assetName}
            asset={asset}
            folder={upload.folder}
            files={upload.files}
            onClose={() => setUpload(null)}
          />
        )}
        {making && (
          <NewFolderDialog
            of={of}
            folder={folder}
            onDone={() => refreshAsset(client, of)}
            onClose={() => setMaking(false)}
          />
        )}
      </Suspense>
    </SpaceBetween>
  );
}
