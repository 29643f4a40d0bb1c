// What the server takes as an asset, said before anything is sent.
import { nameOf } from "../../ui/format";

export function nameProblem(name: string): string {
  if (name === "") return "";
  return [...name].length > 256 ? "At most 256 characters." : "";
}

export function descriptionProblem(text: string): string {
  if (text === "") return "";
  const length = [...text].length;
  return length < 4 || length > 256 ? "4 to 256 characters." : "";
}

/** The identifier may stay empty: the server then makes one up. */
export function assetIdProblem(id: string): string {
  if (id === "") return "";
  if (/^global$/i.test(id.trim())) return "This name is reserved.";
  return /^(?!.*[<>:"/\\|?*])[\p{L}\p{N}_\s.,'-]{1,254}[^.\s]$/u.test(id)
    ? ""
    : "2 to 255 letters, digits, spaces and - _ . , ' only; no dot or space at the end.";
}

/** How an asset made of these files may be called. */
export function suggestedName(paths: string[]): string {
  const first = paths[0];
  if (first === undefined) return "";
  const folder = first.includes("/") ? first.slice(0, first.indexOf("/")) : "";
  if (folder !== "" && paths.every((path) => path.startsWith(`${folder}/`))) return folder;
  return nameOf(first).replace(/\.[^.]+$/, "");
}
