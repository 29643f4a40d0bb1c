// The picture of an asset or a file; where there is none, a tile that says what it is.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { pictureAddress, type PictureKey } from "../api/pictures";
import type { AssetRef } from "../api/vams";
import { KIND_NAMES, kindOfAsset, SHOWN_IMAGES } from "./kinds";
import "./picture.css";

/** Addresses are good for a day. */
const ADDRESS_GOOD = 6 * 60 * 60_000;
const IMAGE_BYTES = 5_000_000;

/** Which picture a file has: its preview, or itself when it is a small image. */
export function pictureOfFile(
  path: string,
  extension: string,
  size: number | null,
  previewKey: string,
): PictureKey | null {
  if (previewKey !== "") return { kind: "file", key: previewKey };
  if (SHOWN_IMAGES.has(extension) && size !== null && size < IMAGE_BYTES)
    return { kind: "file", key: path };
  return null;
}

export function Picture(props: {
  of: AssetRef;
  picture: PictureKey | null;
  /** An asset's type or a file's extension, for the tile. */
  type: string;
  alt: string;
}) {
  const { of, picture } = props;
  const [broken, setBroken] = useState("");
  const address = useQuery({
    queryKey: ["picture", of.databaseId, of.assetId, picture],
    queryFn: ({ signal }) => pictureAddress(of, picture ?? { kind: "asset" }, signal),
    enabled: picture !== null,
    staleTime: ADDRESS_GOOD,
    gcTime: ADDRESS_GOOD,
    retry: false,
  });
  const source = address.data;
  if (picture !== null && source !== undefined && source !== broken)
    return (
      <img
        className="vams-picture"
        src={source}
        alt={props.alt}
        decoding="async"
        onError={() => setBroken(source)}
      />
    );
  const kind = kindOfAsset(props.type);
  const waiting = picture !== null && address.isPending;
  return (
    <div className="vams-tile" data-kind={kind} data-waiting={waiting}>
      {!waiting && (
        <>
          <span className="vams-tile-type">
            {kind === "folder" || kind === "empty" ? "" : props.type.replace(/^\./, "")}
          </span>
          <span>{KIND_NAMES[kind]}</span>
        </>
      )}
    </div>
  );
}
