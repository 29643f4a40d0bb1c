// What may be written down about files while they are uploaded.
import type { MetadataSchema } from "../../api/types";
import { allowedExtensions } from "./plan";

/** Of files with these extensions: the schemas that hold for each, whose fields are offered for all. */
export function schemasOfAll(schemas: MetadataSchema[], extensions: string[]): MetadataSchema[] {
  return schemas.filter((schema) => {
    const only = allowedExtensions(schema.fileKeyTypeRestriction ?? "");
    return only.length === 0 || extensions.every((extension) => only.includes(extension));
  });
}
