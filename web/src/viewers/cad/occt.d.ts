// The part of the package that is used; it brings no types.
declare module "occt-import-js" {
  export interface OcctNode {
    name: string;
    /** Positions in the list of meshes. */
    meshes: number[];
    children: OcctNode[];
  }

  export interface OcctMesh {
    name: string;
    /** In linear light, 0 to 1. */
    color?: [number, number, number];
    attributes: { position: { array: number[] }; normal?: { array: number[] } };
    index: { array: number[] };
    /** Surfaces, each from its first triangle to its last. */
    brep_faces: { first: number; last: number; color: [number, number, number] | null }[];
  }

  export type OcctResult =
    { success: false } | { success: true; root: OcctNode; meshes: OcctMesh[] };

  export interface OcctParameters {
    linearUnit: "millimeter" | "centimeter" | "meter" | "inch" | "foot";
  }

  export interface Occt {
    ReadFile(
      format: "step" | "iges" | "brep",
      content: Uint8Array,
      parameters: OcctParameters | null,
    ): OcctResult;
  }

  export default function createOcct(options?: {
    locateFile?: (name: string) => string;
    wasmBinary?: Uint8Array;
    print?: (line: string) => void;
    printErr?: (line: string) => void;
  }): Promise<Occt>;
}
