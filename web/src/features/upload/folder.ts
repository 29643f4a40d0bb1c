/** "scans/east" and the like, as people type it, as a folder of an asset. */
export function folderOf(text: string): string {
  const segments = text.split("/").filter((segment) => segment.trim() !== "" && segment !== "..");
  return segments.length === 0 ? "/" : `/${segments.join("/")}/`;
}
