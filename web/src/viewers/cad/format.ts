// Which of its readers the library is asked for, and files that were cut off on their way.

export type CadFormat = "step" | "iges" | "brep";

export function formatOf(extension: string): CadFormat {
  if (/^\.st(e?p)$/.test(extension)) return "step";
  return extension === ".brep" ? "brep" : "iges";
}

const TAIL = 4096;

/** Throws if the file lacks what stands at the end of its kind; the library would show half of it. */
export function demandEnd(format: CadFormat, bytes: Uint8Array): void {
  if (bytes.length === 0) throw new RangeError("it is empty");
  const decoder = new TextDecoder("latin1");
  const head = decoder.decode(bytes.subarray(0, TAIL));
  const tail = decoder.decode(bytes.subarray(-TAIL));
  if (format === "step") {
    if (!/^\s*ISO-10303-21\s*;/.test(head.replace(/\/\*[^]*?\*\//g, "")))
      throw new SyntaxError("it does not begin as a STEP file does");
    if (!/END-ISO-10303-21\s*;/.test(tail))
      throw new RangeError("it ends before END-ISO-10303-21, so a part of it is missing");
  }
  // The last line of IGES counts the lines of the sections before, each marked in column 73.
  if (format === "iges" && !/^.{72}T\s*1\s*$/m.test(tail))
    throw new RangeError("it ends before its last section, so a part of it is missing");
}
