// What the user may change. The server decides at every call; this keeps buttons away from people
// whose every try it would refuse.
import { useApp } from "./context";

/**
 * Whether to offer what changes something: to whoever may open the page that makes assets. Roles
 * that only read have no such page.
 */
export function useMayChange(): boolean {
  return useApp().may("/upload");
}
