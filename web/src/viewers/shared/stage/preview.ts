// A picture of the view becomes what lists show of the file.
import { archiveFile } from "../../../api/changes";
import { getAsset, getFileInfo } from "../../../api/vams";
import { useApp } from "../../../app/context";
import { fail } from "../../../app/flash";
import { useMayChange } from "../../../app/rights";
import { PREVIEW_BYTES } from "../../../features/upload/plan";
import { uploads } from "../../../features/upload/uploads";
import { extensionOf, nameOf } from "../../../ui/format";
import type { ViewerFile } from "../../registry";

/** The server shows the first by name; a new one takes the place of what is there. */
export function previewName(path: string, present: string): { path: string; type: string } {
  const extension = extensionOf(present);
  const jpeg = extension === ".jpg" || extension === ".jpeg";
  return {
    path: `${path}.previewFile${jpeg ? extension : ".png"}`,
    type: jpeg ? "image/jpeg" : "image/png",
  };
}

/** Null for former versions, several files, and those who only read. */
export function useAsPreview(
  files: readonly ViewerFile[],
): ((picture: (type: string) => Promise<Blob>) => Promise<void>) | null {
  const { user } = useApp();
  const mayChange = useMayChange();
  const [file] = files;
  if (!mayChange || file === undefined || files.length > 1) return null;
  if (file.versionId !== undefined || file.assetVersionId !== undefined) return null;
  return async (picture) => {
    try {
      const [info, asset] = await Promise.all([getFileInfo(file.of, file.path), getAsset(file.of)]);
      const { path, type } = previewName(file.path, info.previewFile);
      const blob = await picture(type);
      if (blob.size > PREVIEW_BYTES) throw new Error("Pictures have at most 5 MiB.");
      // It would go on standing before the new one.
      if (extensionOf(info.previewFile) === ".gif") await archiveFile(file.of, info.previewFile);
      const name = nameOf(path);
      uploads.start({
        user: user.id,
        ref: file.of,
        assetName: asset.assetName,
        files: [{ path, source: name, file: new File([blob], name, { type }) }],
      });
    } catch (error) {
      fail("The view cannot become the preview", error);
    }
  };
}
