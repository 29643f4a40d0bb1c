// What a folder holds, line by line: chosen with mouse or keyboard, dragged, and opened.
import Badge from "@cloudscape-design/components/badge";
import Icon from "@cloudscape-design/components/icon";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { Link } from "react-router-dom";
import type { AssetFile } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import { extensionOf, formatBytes, formatInstant, plural } from "../../ui/format";
import { KIND_NAMES, kindOfExtension } from "../../ui/kinds";
import { Picture, pictureOfFile } from "../../ui/Picture";
import { startDrag } from "./drag";
import { useFolderDrop, type FolderDrops } from "./folderDrop";
import { pathOf, type Entry, type SortField } from "./tree";

const ROW = 48;

export interface ListSort {
  field: SortField;
  down: boolean;
}

function Marks({ file }: { file: AssetFile }) {
  return (
    <>
      {file.primaryType && <Badge color="blue">{file.primaryType}</Badge>}
      {file.isArchived && <Badge>Archived</Badge>}
      {file.isPermanentlyDeleted && <Badge color="red">Deleted</Badge>}
      {file.currentAssetVersionFileVersionMismatch === true && !file.isArchived && (
        <span title="This state of the file is not part of the asset's current version.">
          <Badge color="severity-low">Unversioned</Badge>
        </span>
      )}
    </>
  );
}

function typeOf(file: AssetFile): string {
  const extension = extensionOf(file.relativePath);
  const kind = KIND_NAMES[kindOfExtension(extension)];
  return extension === "" ? kind : `${kind} · ${extension.slice(1).toUpperCase()}`;
}

interface LineProps {
  of: AssetRef;
  entry: Entry;
  id: string;
  index: number;
  top: number;
  chosen: boolean;
  active: boolean;
  /** Also say which folder a file is in. */
  withPath: boolean;
  linkOf: (entry: Entry) => string;
  drops: FolderDrops | null;
  /** What is dragged when this line is. */
  dragged: () => string[];
  onPress: (event: React.MouseEvent) => void;
  onToggle: () => void;
  onDownload: ((file: AssetFile) => void) | null;
}

function Line(props: LineProps) {
  const { entry, of } = props;
  const path = pathOf(entry);
  const drop = useFolderDrop(path, entry.kind === "folder" ? props.drops : null);
  const name = entry.kind === "folder" ? entry.folder.name : entry.file.fileName;
  const file = entry.kind === "file" ? entry.file : null;
  const gone = file !== null && (file.isArchived || file.isPermanentlyDeleted);
  return (
    <div
      id={props.id}
      role="row"
      aria-rowindex={props.index + 2}
      aria-selected={props.chosen}
      className="vams-file"
      data-active={props.active}
      data-over={drop.over}
      draggable={props.drops !== null && !gone}
      onDragStart={(event) =>
        startDrag(event, { paths: props.dragged(), asset: `${of.databaseId} ${of.assetId}` })
      }
      style={{ transform: `translateY(${props.top}px)` }}
      onClick={props.onPress}
      {...drop.handlers}
    >
      <div role="gridcell" className="vams-file-choose">
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Choose ${name}`}
          checked={props.chosen}
          onClick={(event) => event.stopPropagation()}
          onChange={props.onToggle}
        />
      </div>
      <div role="gridcell" className="vams-file-picture">
        {file === null ? (
          <Icon name="folder" size="medium" />
        ) : (
          <div className="vams-thumb vams-thumb-small">
            <Picture
              of={of}
              picture={pictureOfFile(
                file.relativePath,
                extensionOf(file.relativePath),
                file.size,
                file.previewFile,
              )}
              type={extensionOf(file.relativePath)}
              alt=""
            />
          </div>
        )}
      </div>
      <div role="gridcell" className="vams-file-name">
        <Link
          to={props.linkOf(entry)}
          tabIndex={-1}
          draggable={false}
          onClick={(event) => event.stopPropagation()}
        >
          {name}
        </Link>
        {props.withPath && <span className="vams-file-path">{path}</span>}
      </div>
      <div role="gridcell" className="vams-file-marks">
        {file !== null && <Marks file={file} />}
      </div>
      <div role="gridcell" className="vams-file-type">
        {file === null
          ? entry.kind === "folder" && plural(entry.folder.count, "file")
          : typeOf(file)}
      </div>
      <div role="gridcell" className="vams-file-size">
        {formatBytes(
          file === null ? (entry.kind === "folder" ? entry.folder.bytes : null) : file.size,
        )}
      </div>
      <div role="gridcell" className="vams-file-date">
        {file === null ? "" : formatInstant(file.dateCreatedCurrentVersion)}
      </div>
      <div role="gridcell" className="vams-file-get">
        {file !== null && !gone && props.onDownload !== null && (
          <button
            type="button"
            tabIndex={-1}
            aria-label={`Download ${name}`}
            title="Download"
            onClick={(event) => {
              event.stopPropagation();
              props.onDownload?.(file);
            }}
          >
            <Icon name="download" />
          </button>
        )}
      </div>
    </div>
  );
}

const HEADS: [SortField | null, string, string][] = [
  [null, "", "vams-file-choose"],
  [null, "", "vams-file-picture"],
  ["name", "Name", "vams-file-name"],
  [null, "Marks", "vams-file-marks"],
  [null, "Type", "vams-file-type"],
  ["size", "Size", "vams-file-size"],
  ["date", "Changed", "vams-file-date"],
  [null, "", "vams-file-get"],
];

function Heads(props: {
  sort: ListSort;
  onSort: (sort: ListSort) => void;
  all: boolean;
  onAll: (() => void) | null;
}) {
  const { sort } = props;
  return (
    <div role="row" aria-rowindex={1} className="vams-file-heads">
      {HEADS.map(([field, text, style], index) => (
        <div
          key={style}
          role="columnheader"
          className={style}
          {...(field === null
            ? {}
            : {
                "aria-sort":
                  sort.field === field ? (sort.down ? "descending" : "ascending") : "none",
              })}
        >
          {index === 0 ? (
            <input
              type="checkbox"
              aria-label="Choose all"
              checked={props.all}
              disabled={props.onAll === null}
              onChange={() => props.onAll?.()}
            />
          ) : field === null ? (
            text || <span className="vams-sr">{index === 1 ? "Picture" : "Download"}</span>
          ) : (
            <button
              type="button"
              onClick={() => props.onSort({ field, down: sort.field === field && !sort.down })}
            >
              {text}
              {sort.field === field && (
                <Icon name={sort.down ? "caret-down-filled" : "caret-up-filled"} />
              )}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}

export interface FileListProps {
  of: AssetRef;
  entries: Entry[];
  chosen: ReadonlySet<string>;
  onChoose: (chosen: Set<string>) => void;
  onOpen: (entry: Entry) => void;
  /** F2, Delete and the like. */
  onKey: (key: string) => void;
  linkOf: (entry: Entry) => string;
  sort: ListSort;
  onSort: (sort: ListSort) => void;
  withPath: boolean;
  drops: FolderDrops | null;
  onDownload: ((file: AssetFile) => void) | null;
}

export function FileList(props: FileListProps) {
  const { entries, chosen, onChoose } = props;
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const [anchor, setAnchor] = useState(0);
  useEffect(() => {
    setActive((now) => Math.min(now, Math.max(0, entries.length - 1)));
  }, [entries.length]);
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 8,
    initialRect: { width: 900, height: 480 },
  });
  const paths = entries.map(pathOf);
  const range = (from: number, to: number) =>
    paths.slice(Math.min(from, to), Math.max(from, to) + 1);
  const toggle = (index: number) => {
    const next = new Set(chosen);
    const path = paths[index] ?? "";
    if (!next.delete(path)) next.add(path);
    onChoose(next);
    setAnchor(index);
    setActive(index);
  };
  const press = (event: React.MouseEvent, index: number) => {
    if (event.shiftKey) {
      const some = range(anchor, index);
      onChoose(new Set(event.ctrlKey || event.metaKey ? [...chosen, ...some] : some));
      setActive(index);
    } else if (event.ctrlKey || event.metaKey) toggle(index);
    else {
      onChoose(new Set([paths[index] ?? ""]));
      setAnchor(index);
      setActive(index);
    }
  };
  const go = (index: number, extend: boolean) => {
    const to = Math.max(0, Math.min(entries.length - 1, index));
    setActive(to);
    rows.scrollToIndex(to);
    if (extend) onChoose(new Set(range(anchor, to)));
    else setAnchor(to);
  };
  const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 480) / ROW) - 2);
  const onKey = (event: React.KeyboardEvent) => {
    if (event.target !== event.currentTarget || entries.length === 0) return;
    const entry = entries[active];
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: entries.length - 1,
    };
    const step = steps[event.key];
    if (step !== undefined) go(step, event.shiftKey);
    else if (event.key === " ") toggle(active);
    else if (event.key === "Enter" && entry !== undefined) props.onOpen(entry);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) onChoose(new Set(paths));
    else if (event.key === "Escape" && chosen.size > 0) onChoose(new Set());
    else if (["F2", "Delete", "Backspace"].includes(event.key)) {
      if (chosen.size === 0 && entry !== undefined) onChoose(new Set([pathOf(entry)]));
      props.onKey(event.key);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const all = entries.length > 0 && paths.every((path) => chosen.has(path));
  return (
    <div className="vams-files-scroll">
      <div
        ref={box}
        className="vams-files"
        role="grid"
        aria-label="Files"
        aria-multiselectable="true"
        aria-rowcount={entries.length + 1}
        tabIndex={0}
        aria-activedescendant={entries.length > 0 ? `vams-file-${active}` : undefined}
        onKeyDown={onKey}
      >
        <div role="rowgroup" className="vams-files-head">
          <Heads
            sort={props.sort}
            onSort={props.onSort}
            all={all}
            onAll={entries.length === 0 ? null : () => onChoose(all ? new Set() : new Set(paths))}
          />
        </div>
        <div role="rowgroup" className="vams-files-body" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((row) => {
            const entry = entries[row.index];
            if (entry === undefined) return null;
            const path = pathOf(entry);
            return (
              <Line
                key={path}
                of={props.of}
                entry={entry}
                id={`vams-file-${row.index}`}
                index={row.index}
                top={row.start}
                chosen={chosen.has(path)}
                active={row.index === active}
                withPath={props.withPath}
                linkOf={props.linkOf}
                drops={props.drops}
                dragged={() => (chosen.has(path) ? [...chosen] : [path])}
                onPress={(event) => press(event, row.index)}
                onToggle={() => toggle(row.index)}
                onDownload={props.onDownload}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}
