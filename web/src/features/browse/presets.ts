// Searches that a user keeps under a name, in this browser. The address of a list holds all of it, so
// that is what is kept; a link remains the way to give a search to others.
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { useApp } from "../../app/context";

export interface Preset {
  name: string;
  /** "/assets?q=crane" */
  address: string;
}

export const MOST_PRESETS = 100;
export const LONGEST_NAME = 80;

const watchers = new Set<() => void>();
/** Where the browser keeps nothing, they live as long as the page. */
const memory = new Map<string, string>();

function nameOfStore(user: string): string {
  return `vams-searches ${user}`;
}

function read(key: string): string {
  try {
    return localStorage.getItem(key) ?? "[]";
  } catch {
    return memory.get(key) ?? "[]";
  }
}

function write(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    memory.set(key, text);
  }
  for (const watcher of watchers) watcher();
}

export function parsePresets(text: string): Preset[] {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(stored)) return [];
  const known = new Set<string>();
  return stored.flatMap((entry: unknown) => {
    const { name, address } = (entry ?? {}) as Partial<Record<string, unknown>>;
    if (typeof name !== "string" || typeof address !== "string") return [];
    // Only a list of this application is gone to.
    if (!/^\/(assets|search|databases\/[^/?]+\/assets|search\/[^/?]+\/assets)(\?|$)/.test(address))
      return [];
    if (known.has(name)) return [];
    known.add(name);
    return [{ name, address }];
  });
}

/** Empty: the name is good. `except`: the name that it had. */
export function nameProblem(name: string, presets: Preset[], except = ""): string {
  const bare = name.trim();
  if (bare.length > LONGEST_NAME) return `At most ${LONGEST_NAME} characters.`;
  const taken = presets.some(
    (preset) => preset.name !== except && preset.name.toLowerCase() === bare.toLowerCase(),
  );
  return taken ? "There is a search of this name." : "";
}

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  addEventListener("storage", watcher);
  return () => {
    watchers.delete(watcher);
    removeEventListener("storage", watcher);
  };
}

export interface Presets {
  all: Preset[];
  save: (preset: Preset) => void;
  rename: (from: string, to: string) => void;
  remove: (name: string) => void;
}

export function usePresets(): Presets {
  const key = nameOfStore(useApp().user.id);
  const text = useSyncExternalStore(subscribe, () => read(key));
  const all = useMemo(() => parsePresets(text), [text]);
  const change = useCallback(
    (edit: (now: Preset[]) => Preset[]) =>
      // What another tab has written since counts.
      write(key, JSON.stringify(edit(parsePresets(read(key))).slice(0, MOST_PRESETS))),
    [key],
  );
  return useMemo(
    () => ({
      all,
      save: (preset) =>
        change((now) => [...now.filter(({ name }) => name !== preset.name), preset]),
      rename: (from, to) =>
        change((now) => now.map((one) => (one.name === from ? { ...one, name: to } : one))),
      remove: (name) => change((now) => now.filter((one) => one.name !== name)),
    }),
    [all, change],
  );
}
