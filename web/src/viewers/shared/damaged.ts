// What is said when a file cannot be read.
import { ApiError, isAbort, messageOf } from "../../api/errors";
import { nameOf } from "../../ui/format";
import type { ViewerFile } from "../registry";
import { CannotShow } from "./file";

/** In words for the user; what is in words already, or no fault of the file, stays as it is. */
export function damaged(file: ViewerFile, error: unknown): unknown {
  if (error instanceof ApiError || error instanceof CannotShow || isAbort(error)) return error;
  return new CannotShow(
    `${nameOf(file.path)} is damaged, or is not what its name says (${messageOf(error)}).`,
    "Download it to check it, or go back to a former version of the file.",
  );
}
