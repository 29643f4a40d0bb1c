// What can show files of a kind inside the page. A viewer is a folder beside this file and one line in
// VIEWERS; its code is fetched when a file asks for it.
import type { ComponentType } from "react";
import type { AssetRef } from "../api/vams";
import { extensionOf } from "../ui/format";
import { DECODED_IMAGES, SHOWN_AUDIO, SHOWN_IMAGES, SHOWN_VIDEOS } from "../ui/kinds";
import { plyKind } from "./shared/plyHeader";

export interface ViewerFile {
  of: AssetRef;
  /** In the asset, with a slash in front. */
  path: string;
  size: number | null;
  /** Of the file; without it and without a version of the asset, the latest. */
  versionId?: string;
  assetVersionId?: string;
}

export interface ViewerProps {
  /** The first is what was opened. */
  files: ViewerFile[];
}

export interface ComparisonProps {
  before: ViewerFile;
  after: ViewerFile;
  /** What the two are called. */
  names: { before: string; after: string };
}

export interface Viewer {
  id: string;
  name: string;
  /** With their dots, in lower case. */
  extensions: string[];
  /** Shows several files together. */
  several: boolean;
  /** Of those that fit, the lowest opens by itself. */
  priority: number;
  /** From the beginning of a file that others can show too: whether it is meant for this one. */
  recognises?: (head: Uint8Array) => boolean;
  load: () => Promise<{ default: ComponentType<ViewerProps> }>;
  /** Shows two versions of a file beside each other. */
  compare?: () => Promise<{ default: ComponentType<ComparisonProps> }>;
}

const TEXTS =
  ".txt .md .json .geojson .gltf .usda .wrl .xml .svg .dae .mtl .yaml .yml .toml .ini .inf .cfg .html .htm .css .csv .tsv .py .js .jsx .mjs .ts .tsx .sql .sh .ps1 .log .ipynb .c .h .cc .cpp .hpp .java .cs .go .rs .rb .lua .r .glsl .hlsl .vert .frag"
    .split(" ")
    .sort();

export const VIEWERS: Viewer[] = [
  {
    id: "mesh",
    name: "3D",
    extensions: [".glb", ".gltf", ".stl", ".obj", ".ply", ".fbx", ".dae", ".3mf", ".3ds"],
    several: true,
    priority: 10,
    load: () => import("./mesh/MeshViewer"),
    compare: () => import("./mesh/MeshComparison"),
  },
  {
    id: "cad",
    name: "CAD",
    extensions: [".step", ".stp", ".iges", ".igs", ".brep"],
    several: true,
    priority: 10,
    load: () => import("./cad/CadViewer"),
    compare: () => import("./cad/CadComparison"),
  },
  {
    id: "points",
    name: "Points",
    extensions: [".las", ".laz", ".e57", ".pcd", ".xyz", ".pts", ".asc", ".ply"],
    several: true,
    priority: 20,
    recognises: (head) => plyKind(head) === "points",
    load: () => import("./points/PointsViewer"),
    compare: () => import("./points/PointsComparison"),
  },
  {
    id: "splats",
    name: "Splats",
    extensions: [".splat", ".ksplat", ".spz", ".ply"],
    several: false,
    priority: 30,
    recognises: (head) => plyKind(head) === "splats",
    load: () => import("./splats/SplatsViewer"),
  },
  {
    id: "ifc",
    name: "Building",
    extensions: [".ifc"],
    several: true,
    priority: 10,
    load: () => import("./ifc/IfcViewer"),
    compare: () => import("./ifc/IfcComparison"),
  },
  {
    id: "usd",
    name: "3D",
    extensions: [".usdz", ".usda", ".usdc", ".usd"],
    several: true,
    priority: 10,
    load: () => import("./usd/UsdViewer"),
    compare: () => import("./usd/UsdComparison"),
  },
  {
    id: "exchange",
    name: "3D",
    extensions: [".off", ".wrl", ".amf", ".bim"],
    several: true,
    priority: 10,
    load: () => import("./exchange/ExchangeViewer"),
    compare: () => import("./exchange/ExchangeComparison"),
  },
  {
    id: "image",
    name: "Picture",
    extensions: [...SHOWN_IMAGES, ...DECODED_IMAGES],
    several: false,
    priority: 10,
    load: () => import("./image/ImageViewer"),
    compare: () => import("./image/ImageComparison"),
  },
  {
    id: "video",
    name: "Film",
    extensions: [...SHOWN_VIDEOS],
    several: false,
    priority: 10,
    load: () => import("./media/VideoViewer"),
  },
  {
    id: "audio",
    name: "Sound",
    extensions: [...SHOWN_AUDIO],
    several: false,
    priority: 10,
    load: () => import("./media/AudioViewer"),
  },
  {
    id: "pdf",
    name: "Document",
    extensions: [".pdf"],
    several: false,
    priority: 10,
    load: () => import("./pdf/PdfViewer"),
  },
  {
    id: "table",
    name: "Table",
    extensions: [".csv", ".tsv", ".parquet", ".xlsx"],
    several: false,
    priority: 10,
    load: () => import("./table/TableViewer"),
  },
  {
    id: "html",
    name: "Page",
    extensions: [".html", ".htm"],
    several: false,
    priority: 10,
    load: () => import("./html/HtmlViewer"),
  },
  {
    id: "notebook",
    name: "Notebook",
    extensions: [".ipynb"],
    several: false,
    priority: 10,
    load: () => import("./notebook/NotebookViewer"),
  },
  {
    id: "text",
    name: "Text",
    extensions: TEXTS,
    several: false,
    priority: 20,
    load: () => import("./text/TextViewer"),
    compare: () => import("./text/TextComparison"),
  },
];

/** Those that can show a file, the best first; `head` is its beginning, where that is known. */
export function viewersFor(path: string, head?: Uint8Array): Viewer[] {
  const extension = extensionOf(path);
  const meant = ({ recognises }: Viewer) => head !== undefined && recognises?.(head) === true;
  return VIEWERS.filter((viewer) => viewer.extensions.includes(extension)).sort(
    (a, b) => Number(meant(b)) - Number(meant(a)) || a.priority - b.priority,
  );
}

/** Several viewers fit, and the beginning of the file tells which is meant. */
export function headTells(path: string): boolean {
  const viewers = viewersFor(path);
  return viewers.length > 1 && viewers.some((viewer) => viewer.recognises !== undefined);
}

/** What shows two versions of a file beside each other, if anything does. */
export function comparisonFor(path: string): Viewer["compare"] {
  return viewersFor(path).find((viewer) => viewer.compare !== undefined)?.compare;
}
