// Light or dark: the user's choice, or else what the system says.
import { useSyncExternalStore } from "react";

export type ThemeChoice = "light" | "dark" | "system";

const STORED = "vams-theme-preference";
const system = matchMedia("(prefers-color-scheme: dark)");
const watchers = new Set<() => void>();

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(STORED);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

let choice: ThemeChoice = stored();

export function isDark(): boolean {
  return choice === "dark" || (choice === "system" && system.matches);
}

function apply(): void {
  document.body.classList.toggle("awsui-dark-mode", isDark());
  document.documentElement.style.colorScheme = isDark() ? "dark" : "light";
  for (const watcher of watchers) watcher();
}

export function setTheme(next: ThemeChoice): void {
  choice = next;
  try {
    if (next === "system") localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, next);
  } catch {
    // The choice then lasts as long as the page.
  }
  apply();
}

system.addEventListener("change", apply);
addEventListener("storage", (event) => {
  if (event.key !== STORED) return;
  choice = stored();
  apply();
});

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function useTheme(): ThemeChoice {
  return useSyncExternalStore(subscribe, () => choice);
}
