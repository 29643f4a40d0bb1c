// The one place that talks to the PDF library. Its work is done in a worker of this origin.
import { getDocument, GlobalWorkerOptions, type PDFDocumentProxy } from "pdfjs-dist";
import workerUrl from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { messageOf } from "../../api/errors";
import { CannotShow } from "../shared/file";

GlobalWorkerOptions.workerSrc = workerUrl;

export type Pdf = PDFDocumentProxy;

export async function openPdf(bytes: Uint8Array<ArrayBuffer>): Promise<Pdf> {
  try {
    // Nothing that a file brings along is run.
    return await getDocument({ data: bytes, isEvalSupported: false, enableXfa: false }).promise;
  } catch (error) {
    if (error instanceof Error && error.name === "PasswordException")
      throw new CannotShow("This PDF file is locked with a password.");
    throw new CannotShow(`This PDF file is damaged (${messageOf(error)}).`);
  }
}

export interface Drawing {
  done: Promise<void>;
  cancel: () => void;
}

const MAX_PIXELS = 16_000_000;

/** Draws a page into a canvas; `scale` 1 is the size on paper. */
export function drawPage(
  pdf: Pdf,
  number: number,
  scale: number,
  canvas: HTMLCanvasElement,
): Drawing {
  let cancel = () => undefined as void;
  let cancelled = false;
  const draw = async () => {
    const page = await pdf.getPage(number);
    const shown = page.getViewport({ scale: scale * (96 / 72) });
    // As fine as the screen is, but no larger than canvases may be.
    const fine = Math.min(
      devicePixelRatio,
      Math.sqrt(MAX_PIXELS / Math.max(1, shown.width * shown.height)),
    );
    const context = canvas.getContext("2d");
    if (cancelled || context === null) return;
    const viewport = page.getViewport({ scale: scale * (96 / 72) * fine });
    canvas.width = Math.floor(viewport.width);
    canvas.height = Math.floor(viewport.height);
    canvas.style.width = `${Math.floor(shown.width)}px`;
    canvas.style.height = `${Math.floor(shown.height)}px`;
    const task = page.render({ canvasContext: context, viewport });
    cancel = () => task.cancel();
    await task.promise;
  };
  return {
    done: draw(),
    cancel: () => {
      cancelled = true;
      cancel();
    },
  };
}

/** For those who do not see the page. */
export async function textOf(pdf: Pdf, number: number): Promise<string> {
  const content = await (await pdf.getPage(number)).getTextContent();
  return content.items.map((item) => ("str" in item ? item.str : "")).join(" ");
}
