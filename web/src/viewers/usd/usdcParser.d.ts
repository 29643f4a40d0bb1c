// A part of three that its types leave out.
declare module "three/examples/jsm/loaders/usd/USDCParser.js" {
  export class USDCParser {
    parseData(buffer: ArrayBuffer): { specsByPath: Record<string, unknown> };
  }
}
