// The folders of an asset as a tree: walked through with the keyboard, and dropped onto.
import Icon from "@cloudscape-design/components/icon";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { formatCount } from "../../ui/format";
import { useFolderDrop, type FolderDrops } from "./folderDrop";
import { openFolders, parentOf, type Folder } from "./tree";

const ROW = 32;

function Line(props: {
  id: string;
  folder: Folder;
  level: number;
  top: number;
  open: boolean;
  chosen: boolean;
  active: boolean;
  drops: FolderDrops | null;
  onToggle: () => void;
  onChoose: () => void;
}) {
  const { folder } = props;
  const drop = useFolderDrop(folder.path, props.drops);
  const inner = folder.folders.length > 0;
  return (
    <div
      id={props.id}
      role="treeitem"
      aria-level={props.level}
      aria-selected={props.chosen}
      {...(inner ? { "aria-expanded": props.open } : {})}
      className="vams-tree-line"
      data-active={props.active}
      data-over={drop.over}
      style={{
        transform: `translateY(${props.top}px)`,
        paddingLeft: 8 + (props.level - 1) * 16,
      }}
      onClick={props.onChoose}
      {...drop.handlers}
    >
      <span
        className="vams-tree-toggle"
        aria-hidden="true"
        onClick={(event) => {
          event.stopPropagation();
          props.onToggle();
        }}
      >
        {inner && <Icon name={props.open ? "caret-down-filled" : "caret-right-filled"} />}
      </span>
      <Icon name={props.open && inner ? "folder-open" : "folder"} />
      <span className="vams-tree-name">{folder.path === "/" ? "All files" : folder.name}</span>
      <span className="vams-tree-count">{formatCount(folder.count)}</span>
    </div>
  );
}

export function FolderTree(props: {
  tree: Map<string, Folder>;
  chosen: string;
  onChoose: (path: string) => void;
  drops: FolderDrops | null;
}) {
  const { tree, chosen, onChoose } = props;
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(["/"]));
  const [active, setActive] = useState(chosen);
  // The way to the folder that is shown is always open.
  useEffect(() => {
    setActive(chosen);
    setOpen((now) => {
      const next = new Set(now);
      for (let path = parentOf(chosen); ; path = parentOf(path)) {
        next.add(path);
        if (path === "/") break;
      }
      return next;
    });
  }, [chosen]);
  const lines = useMemo(() => openFolders(tree, open), [tree, open]);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 8,
    initialRect: { width: 240, height: 480 },
  });
  const at = Math.max(
    0,
    lines.findIndex(({ folder }) => folder.path === active),
  );
  const toggle = (path: string) =>
    setOpen((now) => {
      const next = new Set(now);
      if (!next.delete(path)) next.add(path);
      return next;
    });
  const go = (index: number) => {
    const line = lines[Math.max(0, Math.min(lines.length - 1, index))];
    if (line === undefined) return;
    setActive(line.folder.path);
    rows.scrollToIndex(lines.indexOf(line));
  };
  const onKey = (event: React.KeyboardEvent) => {
    const folder = lines[at]?.folder;
    if (folder === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const inner = folder.folders.length > 0;
    if (event.key === "ArrowDown") go(at + 1);
    else if (event.key === "ArrowUp") go(at - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(lines.length - 1);
    else if (event.key === "ArrowRight" && inner && !open.has(folder.path)) toggle(folder.path);
    else if (event.key === "ArrowRight" && inner) go(at + 1);
    else if (event.key === "ArrowLeft" && inner && open.has(folder.path)) toggle(folder.path);
    else if (event.key === "ArrowLeft")
      go(lines.findIndex((line) => line.folder.path === parentOf(folder.path)));
    else if (event.key === "Enter" || event.key === " ") onChoose(folder.path);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={box}
      className="vams-tree"
      role="tree"
      aria-label="Folders"
      tabIndex={0}
      aria-activedescendant={`vams-folder-${at}`}
      onKeyDown={onKey}
    >
      <div role="presentation" className="vams-tree-lines" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => {
          const line = lines[row.index];
          if (line === undefined) return null;
          const { path } = line.folder;
          return (
            <Line
              key={path}
              id={`vams-folder-${row.index}`}
              folder={line.folder}
              level={line.level}
              top={row.start}
              open={open.has(path)}
              chosen={path === chosen}
              active={row.index === at}
              drops={props.drops}
              onToggle={() => toggle(path)}
              onChoose={() => onChoose(path)}
            />
          );
        })}
      </div>
    </div>
  );
}
