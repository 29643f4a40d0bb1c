// What kind of thing a file is, by its extension: for tiles, facets and what can be shown.

export type Kind =
  | "model"
  | "points"
  | "cad"
  | "image"
  | "video"
  | "audio"
  | "document"
  | "data"
  | "code"
  | "archive"
  | "folder"
  | "empty"
  | "other";

const EXTENSIONS: Record<string, Kind> = {};
const add = (kind: Kind, names: string) => {
  for (const name of names.split(" ")) EXTENSIONS[`.${name}`] = kind;
};
add(
  "model",
  "gltf glb obj fbx stl ply dae 3ds 3mf 3dm off wrl bim amf usd usda usdc usdz blend mtl",
);
add("points", "las laz e57 pcd xyz pts asc spz sog splat ksplat");
add("cad", "stp step igs iges brep ifc dwg dxf sldprt sldasm catpart jt");
add("image", "png jpg jpeg gif svg webp bmp ico tif tiff exr hdr heic heif avif psd tga");
add("video", "mp4 webm mov avi mkv flv wmv m4v");
add("audio", "mp3 wav ogg aac flac m4a");
add("document", "pdf md txt doc docx html htm odt rtf ppt pptx");
add("data", "csv tsv parquet xlsx xls fcs rds sqlite db");
add(
  "code",
  "json geojson xml yaml yml toml ini js jsx mjs ts tsx py sql sh ps1 log cfg ipynb css c h cc cpp hpp java cs go rs rb lua r glsl hlsl vert frag",
);
add("archive", "zip tar gz 7z rar tgz bz2 xz");

export function kindOfExtension(extension: string): Kind {
  return EXTENSIONS[extension.toLowerCase()] ?? "other";
}

/** The kind of an asset by its type: an extension, `folder`, `none` or `unknown`. */
export function kindOfAsset(assetType: string | null | undefined): Kind {
  if (assetType === "folder") return "folder";
  if (!assetType || assetType === "none") return "empty";
  return kindOfExtension(assetType);
}

export const KIND_NAMES: Record<Kind, string> = {
  model: "3D model",
  points: "Point cloud",
  cad: "CAD",
  image: "Image",
  video: "Video",
  audio: "Audio",
  document: "Document",
  data: "Table",
  code: "Code",
  archive: "Archive",
  folder: "Several files",
  empty: "No files yet",
  other: "File",
};

/** How an asset's type is written. */
export function assetTypeName(assetType: string | null | undefined): string {
  const kind = kindOfAsset(assetType);
  if (kind === "folder" || kind === "empty") return KIND_NAMES[kind];
  const extension = (assetType ?? "").replace(/^\./, "").toUpperCase();
  return kind === "other"
    ? assetType === "unknown"
      ? "File"
      : extension
    : `${KIND_NAMES[kind]} · ${extension}`;
}

/** Images that every browser shows. */
export const SHOWN_IMAGES = new Set([
  ".png",
  ".jpg",
  ".jpeg",
  ".gif",
  ".svg",
  ".webp",
  ".avif",
  ".bmp",
  ".ico",
]);
/** Images that the viewer reads by itself. */
export const DECODED_IMAGES = new Set([".exr", ".hdr", ".tif", ".tiff", ".heic", ".heif", ".tga"]);
export const SHOWN_VIDEOS = new Set([".mp4", ".webm", ".m4v"]);
export const SHOWN_AUDIO = new Set([".mp3", ".wav", ".ogg", ".aac", ".flac", ".m4a"]);
