// A page of an asset, all of which takes files and folders.
import { lazy, Suspense, useState, type ReactNode } from "react";
import type { Asset } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import type { Collected } from "./collect";
import { DropZone } from "./DropZone";

const UploadDialog = lazy(async () => ({
  default: (await import("./UploadDialog")).UploadDialog,
}));

export function AssetDrop(props: {
  of: AssetRef;
  /** Null: nothing can be dropped here. */
  asset: Asset | null;
  folder: string;
  children: ReactNode;
}) {
  const { of, asset, folder } = props;
  const [files, setFiles] = useState<Collected | null>(null);
  return (
    <>
      <DropZone text={`Drop to upload to ${folder}`} onFiles={asset === null ? null : setFiles}>
        {props.children}
      </DropZone>
      <Suspense>
        {asset !== null && files !== null && (
          <UploadDialog
            of={of}
            assetName={asset.assetName}
            asset={asset}
            folder={folder}
            files={files}
            onClose={() => setFiles(null)}
          />
        )}
      </Suspense>
    </>
  );
}
