// Keyboard shortcuts: single keys and sequences like "g d". They rest while text is typed or a
// dialog is open, all but those with Ctrl or Cmd.
import { useEffect } from "react";

export interface Shortcut {
  /** "/", "?", "g d", "mod+k" (Ctrl, or Cmd on a Mac). */
  keys: string;
  text: string;
  run: () => void;
}

const SEQUENCE_MILLISECONDS = 1200;

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  return (
    ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) ||
    target.closest("[role=dialog],[role=listbox],[role=menu]") !== null
  );
}

export function keyName(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey">): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `mod+${key}` : key;
}

/** Takes one key after the other and says which shortcut is complete. */
export class KeySequence {
  private pressed: string[] = [];
  private last = 0;

  constructor(private readonly keys: string[]) {}

  press(key: string, now: number): string | null {
    if (now - this.last > SEQUENCE_MILLISECONDS) this.pressed = [];
    this.last = now;
    for (const attempt of [[...this.pressed, key], [key]]) {
      const text = attempt.join(" ");
      if (this.keys.includes(text)) {
        this.pressed = [];
        return text;
      }
      if (this.keys.some((keys) => keys.startsWith(`${text} `))) {
        this.pressed = attempt;
        return null;
      }
    }
    this.pressed = [];
    return null;
  }
}

export function useShortcuts(shortcuts: Shortcut[]): void {
  useEffect(() => {
    const sequence = new KeySequence(shortcuts.map((shortcut) => shortcut.keys));
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || event.isComposing) return;
      const key = keyName(event);
      if (["Shift", "Control", "Meta"].includes(event.key)) return;
      if (!key.startsWith("mod+") && typing(event.target)) return;
      const complete = sequence.press(key, event.timeStamp);
      const found = shortcuts.find((shortcut) => shortcut.keys === complete);
      if (found === undefined) return;
      event.preventDefault();
      found.run();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [shortcuts]);
}

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** For people: "Ctrl K", "G then D". */
export function keysText(keys: string): string[] {
  return keys.split(" ").map((key) =>
    key
      .replace("mod+", MAC ? "⌘ " : "Ctrl ")
      .toUpperCase()
      .replace("CTRL", "Ctrl"),
  );
}
