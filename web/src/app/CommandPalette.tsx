// Ctrl+K: go to a page, a database or an asset, or do something, by typing a few letters.
import Modal from "@cloudscape-design/components/modal";
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState } from "react";
import { listDatabases, pageOfAssets, search } from "../api/vams";
import { hitToItem, itemOfAsset, type BrowseItem } from "../features/browse/items";
import { itemPath } from "../features/browse/items";
import { useHasSearch } from "./context";
import { match } from "./matching";

export interface Command {
  id: string;
  text: string;
  /** What kind of thing it is, shown to the right. */
  kind: string;
  words?: string;
  run: () => void;
}

function useAssets(text: string): BrowseItem[] {
  const hasSearch = useHasSearch();
  const found = useQuery({
    queryKey: ["palette", hasSearch, hasSearch ? text : ""],
    enabled: text.length >= 2,
    queryFn: async ({ signal }) => {
      if (!hasSearch) return (await pageOfAssets(null, false, null, signal)).items.map(itemOfAsset);
      const body = { query: text, entityTypes: ["asset"], size: 8, aggregations: false };
      return (await search(body, signal)).hits.hits.map(hitToItem);
    },
    placeholderData: (previous) => previous,
  });
  return found.data ?? [];
}

function useCommands(text: string, commands: Command[], go: (path: string) => void): Command[] {
  const databases = useQuery({
    queryKey: ["databases"],
    queryFn: ({ signal }) => listDatabases(signal),
  });
  const assets = useAssets(text);
  return useMemo(() => {
    const all: Command[] = [
      ...commands,
      ...(databases.data ?? []).map((database) => ({
        id: `database ${database.databaseId}`,
        text: database.databaseId,
        words: database.description,
        kind: "Database",
        run: () => go(`/databases/${encodeURIComponent(database.databaseId)}/assets`),
      })),
      ...assets.map((item) => ({
        id: `asset ${item.key}`,
        text: item.name,
        words: `${item.description} ${item.assetId}`,
        kind: `Asset in ${item.databaseId}`,
        run: () => go(itemPath(item)),
      })),
    ];
    const scored = all
      .map((command) => ({ command, score: match(text, command.text, command.words ?? "") }))
      .filter((entry) => entry.score > 0)
      .sort((a, b) => b.score - a.score)
      .map((entry) => entry.command)
      .slice(0, 12);
    if (text.trim() !== "")
      scored.push({
        id: "search",
        text: `Search for “${text.trim()}”`,
        kind: "Search",
        run: () => go(`/assets?q=${encodeURIComponent(text.trim())}`),
      });
    return scored;
  }, [text, commands, databases.data, assets, go]);
}

export function CommandPalette(props: {
  commands: Command[];
  go: (path: string) => void;
  onClose: () => void;
}) {
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const shown = useCommands(useDeferredValue(text), props.commands, props.go);
  const current = Math.min(active, shown.length - 1);

  useEffect(() => {
    // After the dialog has taken the focus for itself.
    const frame = requestAnimationFrame(() => input.current?.focus());
    return () => cancelAnimationFrame(frame);
  }, []);
  useEffect(() => {
    list.current?.children[current]?.scrollIntoView({ block: "nearest" });
  }, [current]);

  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    props.onClose();
    command.run();
  };
  const onKey = (event: React.KeyboardEvent) => {
    if (event.key === "ArrowDown") setActive((current + 1) % shown.length);
    else if (event.key === "ArrowUp") setActive((current - 1 + shown.length) % shown.length);
    else if (event.key === "Enter") run(shown[current]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal visible header="Go to anything" onDismiss={props.onClose} size="medium">
      <input
        ref={input}
        className="vams-palette-input"
        placeholder="A page, a database, an asset, or something to do"
        aria-label="Command"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={shown.length > 0 ? `${id}-${current}` : undefined}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKey}
      />
      <ul
        ref={list}
        id={`${id}-list`}
        className="vams-palette"
        role="listbox"
        aria-label="Commands"
      >
        {shown.map((command, index) => (
          <li
            key={command.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === current}
            onMouseMove={() => setActive(index)}
            onClick={() => run(command)}
          >
            <span className="vams-palette-text">{command.text}</span>
            <span className="vams-palette-kind">{command.kind}</span>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p className="vams-palette-none">Nothing fits.</p>}
    </Modal>
  );
}
