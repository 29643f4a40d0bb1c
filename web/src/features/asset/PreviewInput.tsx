// Chooses the picture of an asset and sends it.
import { useEffect, useRef } from "react";
import type { AssetRef } from "../../api/vams";
import { useApp } from "../../app/context";
import { fail } from "../../app/flash";
import { extensionOf } from "../../ui/format";
import { PREVIEW_BYTES, PREVIEW_EXTENSIONS } from "../upload/plan";
import { uploads } from "../upload/uploads";

export function PreviewInput(props: {
  of: AssetRef;
  assetName: string;
  /** Counts how often it was asked for. */
  asked: number;
}) {
  const { user } = useApp();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (props.asked > 0) input.current?.click();
  }, [props.asked]);
  const send = (file: File | undefined) => {
    if (file === undefined) return;
    const title = "This cannot be the picture";
    if (!PREVIEW_EXTENSIONS.includes(extensionOf(file.name)))
      return fail(title, new Error(`Pictures are ${PREVIEW_EXTENSIONS.join(", ")}.`));
    if (file.size > PREVIEW_BYTES) return fail(title, new Error("Pictures have at most 5 MiB."));
    uploads.start({
      user: user.id,
      ref: props.of,
      assetName: props.assetName,
      type: "assetPreview",
      files: [{ path: file.name, source: file.name, file }],
    });
  };
  return (
    <input
      ref={input}
      type="file"
      hidden
      data-picks="preview"
      accept={PREVIEW_EXTENSIONS.join(",")}
      onChange={(event) => {
        send(event.target.files?.[0]);
        event.target.value = "";
      }}
    />
  );
}
