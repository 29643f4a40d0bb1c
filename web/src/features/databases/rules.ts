// What the server takes as a database, said before anything is sent.

export function idProblem(id: string): string {
  if (id === "") return "";
  if (!/^[-_a-zA-Z0-9]*$/.test(id)) return "Letters, digits, - and _ only.";
  if (id.length < 4 || id.length > 63) return "4 to 63 characters.";
  return /^global$/i.test(id) ? "This name is reserved." : "";
}

export function descriptionProblem(text: string): string {
  if (text === "") return "";
  const length = [...text].length;
  return length < 4 || length > 256 ? "4 to 256 characters." : "";
}

/** Extensions as a person lists them, in the server's form: ".glb, .e57". */
export function normalizeExtensions(text: string): string {
  return text
    .split(/[\s,;]+/)
    .filter((word) => word !== "")
    .map((word) => (word.startsWith(".") ? word : `.${word}`))
    .join(", ");
}

export function extensionsProblem(text: string): string {
  const bad = text.split(", ").find((word) => word !== "" && !/^\.[\p{L}\p{N}.]+$/u.test(word));
  if (bad !== undefined) return `“${bad}” is no extension.`;
  return text.length > 256 ? "At most 256 characters." : "";
}
