// From bytes to text.
import { CannotShow } from "./cannot";

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return "utf-8";
}

/** Throws CannotShow if it is no text. */
export function decodeText(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes);
  if (encoding === "utf-8" && bytes.includes(0))
    throw new CannotShow("This file is no text, whatever its name says.");
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    // Older programs of the West wrote this, and every byte means something in it.
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
