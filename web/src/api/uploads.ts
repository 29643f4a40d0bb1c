// Uploads on the wire: begun, sent part by part to signed addresses, completed.
import { ApiError, kindOf } from "./errors";
import { call, pathOf, sameOrigin } from "./http";
import type { AssetRef } from "./vams";

export type UploadType = "assetFile" | "assetPreview";

export interface BegunFile {
  relativeKey: string;
  uploadIdS3: string;
  /** Addresses of its parts, in order. */
  urls: string[];
}

export interface BegunUpload {
  uploadId: string;
  files: BegunFile[];
}

interface InitAnswer {
  uploadId: string;
  files: {
    relativeKey: string;
    uploadIdS3: string;
    partUploadUrls: { PartNumber: number; UploadUrl: string }[];
  }[];
}

export async function beginUpload(
  ref: AssetRef,
  uploadType: UploadType,
  files: { path: string; size: number; parts: number }[],
  signal?: AbortSignal,
): Promise<BegunUpload> {
  const answer = await call<InitAnswer>("POST", "uploads", {
    body: {
      ...ref,
      uploadType,
      files: files.map((file) => ({
        relativeKey: file.path,
        file_size: file.size,
        num_parts: file.parts,
      })),
    },
    signal,
  });
  return {
    uploadId: answer.uploadId,
    files: answer.files.map((file) => ({
      relativeKey: file.relativeKey,
      uploadIdS3: file.uploadIdS3,
      urls: [...file.partUploadUrls]
        .sort((a, b) => a.PartNumber - b.PartNumber)
        .map((part) => part.UploadUrl),
    })),
  };
}

/**
 * Sends one part; the tag by which the server names what arrived. Not with fetch, which does not tell
 * how much of a body is under way.
 */
export function putPart(
  url: string,
  body: Blob,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const finish = (work: () => void) => {
      signal.removeEventListener("abort", stop);
      work();
    };
    request.open("PUT", sameOrigin(url));
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onabort = () => finish(() => reject(new DOMException("stopped", "AbortError")));
    request.onerror = () =>
      finish(() =>
        reject(new ApiError("offline", "The connection broke while a part was on its way.")),
      );
    request.onload = () =>
      finish(() => {
        const tag = request.getResponseHeader("etag")?.replace(/"/g, "") ?? "";
        if (request.status === 200 && tag !== "") return resolve(tag);
        reject(
          new ApiError(
            kindOf(request.status),
            `The server refused a part with status ${request.status}.`,
            request.status,
            request.getResponseHeader("x-request-id"),
          ),
        );
      });
    if (signal.aborted) return reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", stop, { once: true });
    request.send(body);
  });
}

export interface FileResult {
  relativeKey: string;
  success: boolean;
  error: string | null;
}

export async function completeUpload(
  ref: AssetRef,
  uploadType: UploadType,
  uploadId: string,
  files: { path: string; uploadIdS3: string; tags: string[] }[],
): Promise<FileResult[]> {
  const body = {
    ...ref,
    uploadType,
    files: files.map((file) => ({
      relativeKey: file.path,
      uploadIdS3: file.uploadIdS3,
      parts: file.tags.map((ETag, index) => ({ PartNumber: index + 1, ETag })),
    })),
  };
  const answer = await call<{ fileResults: FileResult[] }>(
    "POST",
    pathOf("uploads", uploadId, "complete"),
    { body },
  );
  return answer.fileResults;
}
