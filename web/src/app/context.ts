// What every page of the signed-in application may ask.
import { createContext, useContext, useEffect } from "react";
import type { PublicConfig } from "../api/config";
import type { User } from "../auth/session";

export interface AppFacts {
  config: PublicConfig;
  user: User;
  features: ReadonlySet<string>;
  /** Address of the style of the map that the server is configured with; empty: its own outlines. */
  mapStyle: string;
  /** Whether the server shows this page to the user; patterns as in routes.tsx. */
  may: (pattern: string) => boolean;
}

export const AppContext = createContext<AppFacts | null>(null);

export function useApp(): AppFacts {
  const facts = useContext(AppContext);
  if (facts === null) throw new Error("useApp needs an AppContext above it");
  return facts;
}

export function useHasSearch(): boolean {
  return !useApp().features.has("NOOPENSEARCH");
}

export function useTitle(...parts: (string | undefined)[]): void {
  const title = ["VAMS", ...parts.filter((part) => part)].join(" - ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
