// The parts of a model as a tree: hidden, shown alone, and found in the view.
import Button from "@cloudscape-design/components/button";
import Icon from "@cloudscape-design/components/icon";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { formatCount } from "../../../ui/format";
import { firstOpen, openLines, wayTo, type Part, type TreeLine } from "./parts";

const ROW = 30;
const PARTS_HELP = "Space hides or shows a part, I shows it alone, F looks at it.";

export interface PartsState {
  parts: Part[];
  hidden: ReadonlySet<string>;
  alone: string | null;
  unseen: ReadonlySet<string>;
  chosen: string | null;
  choose: (id: string | null) => void;
  toggle: (id: string) => void;
  isolate: (id: string | null) => void;
  showAll: () => void;
  fit: (id: string) => void;
}

function Row(props: {
  id: string;
  line: TreeLine;
  top: number;
  open: boolean;
  active: boolean;
  dim: boolean;
  state: PartsState;
  onToggle: () => void;
}) {
  const { part, level } = props.line;
  const { state } = props;
  const inner = part.children.length > 0;
  const hidden = state.hidden.has(part.id);
  return (
    <div
      id={props.id}
      role="treeitem"
      aria-level={level}
      aria-selected={state.chosen === part.id}
      {...(inner ? { "aria-expanded": props.open } : {})}
      className="vams-part"
      data-active={props.active}
      data-dim={props.dim}
      style={{ transform: `translateY(${props.top}px)`, paddingLeft: 4 + (level - 1) * 14 }}
      onClick={() => state.choose(part.id)}
      onDoubleClick={() => state.fit(part.id)}
    >
      <span
        className="vams-part-toggle"
        aria-hidden="true"
        onClick={(event) => {
          event.stopPropagation();
          props.onToggle();
        }}
      >
        {inner && <Icon name={props.open ? "caret-down-filled" : "caret-right-filled"} />}
      </span>
      <span className="vams-part-name" title={part.name}>
        {part.name}
        {hidden && <span className="vams-sr"> (hidden)</span>}
      </span>
      {part.triangles > 0 && <span className="vams-part-count">{formatCount(part.triangles)}</span>}
      <span
        className="vams-part-eye"
        aria-hidden="true"
        title={hidden ? "Show" : "Hide"}
        onClick={(event) => {
          event.stopPropagation();
          state.toggle(part.id);
        }}
      >
        <Icon svg={hidden ? <EyeClosed /> : <Eye />} />
      </span>
    </div>
  );
}

function Eye() {
  return (
    <svg viewBox="0 0 16 16" focusable="false" aria-hidden="true">
      <path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8Z" fill="none" />
      <circle cx="8" cy="8" r="2" fill="none" />
    </svg>
  );
}

function EyeClosed() {
  return (
    <svg viewBox="0 0 16 16" focusable="false" aria-hidden="true">
      <path
        d="M1.5 6.5S4 10.5 8 10.5s6.5-4 6.5-4M4 9.6l-1.2 2M8 10.5v2.4M12 9.6l1.2 2"
        fill="none"
      />
    </svg>
  );
}

export function PartsPanel({ state }: { state: PartsState }) {
  const { parts, chosen } = state;
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => firstOpen(parts));
  const [active, setActive] = useState(chosen);
  const lines = useMemo(() => openLines(parts, open), [parts, open]);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 8,
    initialRect: { width: 280, height: 400 },
  });
  const at = Math.max(
    0,
    lines.findIndex(({ part }) => part.id === active),
  );
  // What was chosen in the view is brought into sight.
  useEffect(() => {
    if (chosen === null) return;
    setActive(chosen);
    const above = wayTo(parts, chosen).slice(0, -1);
    setOpen((now) => new Set([...now, ...above.map((part) => part.id)]));
  }, [chosen, parts]);
  useEffect(() => {
    const index = lines.findIndex(({ part }) => part.id === chosen);
    if (index >= 0) rows.scrollToIndex(index);
    // Only when the choice changes: otherwise the tree could not be scrolled away from it.
    // The virtualizer is the same object all along.
  }, [chosen, rows]);
  const toggle = (id: string) =>
    setOpen((now) => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const go = (index: number) => {
    const next = Math.max(0, Math.min(lines.length - 1, index));
    const line = lines[next];
    if (line === undefined) return;
    setActive(line.part.id);
    rows.scrollToIndex(next);
  };
  const onKey = (event: KeyboardEvent) => {
    const line = lines[at];
    if (line === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const { id, children } = line.part;
    const inner = children.length > 0;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "ArrowDown") go(at + 1);
    else if (key === "ArrowUp") go(at - 1);
    else if (key === "Home") go(0);
    else if (key === "End") go(lines.length - 1);
    else if (key === "ArrowRight" && inner && !open.has(id)) toggle(id);
    else if (key === "ArrowRight" && inner) go(at + 1);
    else if (key === "ArrowLeft" && inner && open.has(id)) toggle(id);
    else if (key === "ArrowLeft") go(lines.findIndex(({ part }) => part.id === line.parent));
    else if (key === "Enter") state.choose(id);
    else if (key === " ") state.toggle(id);
    else if (key === "i") state.isolate(state.alone === id ? null : id);
    else if (key === "f") state.fit(id);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const id = chosen ?? lines[at]?.part.id;
  return (
    <>
      <div className="vams-panel-row">
        <Button
          disabled={id === undefined}
          onClick={() => id !== undefined && state.toggle(id)}
          ariaLabel={id !== undefined && state.hidden.has(id) ? "Show the part" : "Hide the part"}
        >
          {id !== undefined && state.hidden.has(id) ? "Show" : "Hide"}
        </Button>
        <Button
          disabled={id === undefined}
          onClick={() => id !== undefined && state.isolate(id)}
          ariaLabel="Show the part alone"
        >
          Alone
        </Button>
        <Button
          disabled={state.hidden.size === 0 && state.alone === null}
          onClick={state.showAll}
          ariaLabel="Show all parts"
        >
          All
        </Button>
        <Button
          disabled={id === undefined}
          iconName="zoom-to-fit"
          ariaLabel="Look at the part"
          onClick={() => id !== undefined && state.fit(id)}
        />
      </div>
      <div
        ref={box}
        className="vams-parts"
        role="tree"
        aria-label="Parts"
        aria-description={PARTS_HELP}
        tabIndex={0}
        aria-activedescendant={`vams-part-${at}`}
        onKeyDown={onKey}
      >
        <div
          role="presentation"
          className="vams-parts-lines"
          style={{ height: rows.getTotalSize() }}
        >
          {rows.getVirtualItems().map((row) => {
            const line = lines[row.index];
            if (line === undefined) return null;
            return (
              <Row
                key={line.part.id}
                id={`vams-part-${row.index}`}
                line={line}
                top={row.start}
                open={open.has(line.part.id)}
                active={row.index === at}
                dim={state.unseen.has(line.part.id)}
                state={state}
                onToggle={() => toggle(line.part.id)}
              />
            );
          })}
        </div>
      </div>
      <p className="vams-panel-hint">{PARTS_HELP}</p>
    </>
  );
}
