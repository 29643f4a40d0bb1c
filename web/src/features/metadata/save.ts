// Sends the changes of an editor. What the server refused is one failure with all its reasons.
import { deleteMetadata, putMetadata } from "../../api/changes";
import { ApiError } from "../../api/errors";
import type { BulkAnswer } from "../../api/types";
import type { MetadataTarget } from "../../api/vams";
import type { Changes } from "./draft";

function check(answer: BulkAnswer): void {
  if (answer.failureCount === 0) return;
  const reasons = answer.failedItems.map((item) => `${item.key}: ${item.error}`).join("; ");
  throw new ApiError("invalid", reasons, 200);
}

/** Removes before it writes: fields that no schema knows may be what keeps the others from being taken. */
export async function saveChanges(target: MetadataTarget, changes: Changes): Promise<void> {
  if (changes.remove.length > 0) check(await deleteMetadata(target, changes.remove));
  if (changes.put.length > 0) check(await putMetadata(target, changes.put));
}
