// Enter in a line of text sends a form. Not by a form element: every button inside of one would send
// it as well.
import type { KeyboardEvent } from "react";

export function onEnter(submit: () => void): (event: KeyboardEvent) => void {
  return (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.defaultPrevented || event.nativeEvent.isComposing) return;
    if (!(field instanceof HTMLInputElement) || !["text", "number"].includes(field.type)) return;
    // Lists that open below a field use the key themselves.
    if (field.getAttribute("role") === "combobox" || field.hasAttribute("aria-expanded")) return;
    event.preventDefault();
    submit();
  };
}
