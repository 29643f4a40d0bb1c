// Saves files through the browser's own downloads: nothing passes through the page's memory. Roles that
// only read may not have such addresses; for them the page fetches the file itself.
import { ApiError } from "../../api/errors";
import { fetchFile, fileAddress, type AssetRef, type DownloadVersion } from "../../api/vams";
import { fail } from "../../app/flash";
import { nameOf } from "../../ui/format";
import { saveBlob } from "../../ui/saveText";

export async function download(
  ref: AssetRef,
  path: string,
  version: DownloadVersion,
): Promise<void> {
  try {
    try {
      const link = document.createElement("a");
      link.href = await fileAddress(ref, path, version);
      link.download = nameOf(path);
      link.click();
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "denied") throw error;
      const response = await fetchFile(ref, path, version);
      saveBlob(nameOf(path), await response.blob());
    }
  } catch (error) {
    fail(`${nameOf(path)} cannot be downloaded`, error);
  }
}
