// Saves files through the browser's own downloads: nothing passes through the page's memory.
import { fail } from "../../app/flash";
import { fileAddress, type AssetRef, type DownloadVersion } from "../../api/vams";
import { nameOf } from "../../ui/format";

export async function download(
  ref: AssetRef,
  path: string,
  version: DownloadVersion,
): Promise<void> {
  try {
    const link = document.createElement("a");
    link.href = await fileAddress(ref, path, version);
    link.download = nameOf(path);
    link.click();
  } catch (error) {
    fail(`${nameOf(path)} cannot be downloaded`, error);
  }
}
