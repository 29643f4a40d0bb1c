// A PDF document, page by page.
import Button from "@cloudscape-design/components/button";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { nameOf } from "../../ui/format";
import type { ViewerFile, ViewerProps } from "../registry";
import { Failure } from "../shared/Failure";
import { CannotShow, useContent } from "../shared/file";
import { Frame, Waiting } from "../shared/Frame";
import { drawPage, openPdf, textOf, type Pdf } from "./document";
import "./pdf.css";

const LIMIT = 200_000_000;
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3];

export default function PdfViewer({ files }: ViewerProps) {
  const [file] = files;
  return file === undefined ? null : <Shown key={file.path} file={file} />;
}

function Page(props: { pdf: Pdf; number: number; zoom: number; onDrawn: () => void }) {
  const { pdf, number, zoom, onDrawn } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [text, setText] = useState("");
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    if (canvas.current === null) return;
    let gone = false;
    const drawing = drawPage(pdf, number, zoom, canvas.current);
    drawing.done.then(
      () => {
        if (!gone) onDrawn();
      },
      () => {
        if (!gone) setFailure(new CannotShow(`Page ${number} of this PDF file is damaged.`));
      },
    );
    textOf(pdf, number).then(
      (read) => {
        if (!gone) setText(read);
      },
      () => undefined,
    );
    return () => {
      gone = true;
      setFailure(null);
      drawing.cancel();
    };
  }, [pdf, number, zoom, onDrawn]);
  return (
    <>
      {failure !== null && <Failure error={failure} />}
      <canvas ref={canvas} className="vams-pdf-page" aria-hidden="true" />
      <p className="vams-sr">{text}</p>
    </>
  );
}

function Shown({ file }: { file: ViewerFile }) {
  const content = useContent("pdf", file, LIMIT, openPdf);
  const pdf = content.data;
  const [number, setNumber] = useState(1);
  const [zoom, setZoom] = useState(2);
  const [drawn, setDrawn] = useState(false);
  const [onDrawn] = useState(() => () => setDrawn(true));
  const name = nameOf(file.path);
  const pages = pdf?.numPages ?? 1;
  useEffect(
    () => () => {
      void pdf?.destroy();
    },
    [pdf],
  );
  const go = (to: number) => {
    if (Number.isInteger(to)) setNumber(Math.min(pages, Math.max(1, to)));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "PageDown" && event.key !== "PageUp") return;
    event.preventDefault();
    go(number + (event.key === "PageDown" ? 1 : -1));
  };
  const nearest = ZOOMS[zoom] ?? 1;
  return (
    <Frame
      label={`Document ${name}`}
      tools={
        pdf !== undefined && (
          <>
            <Button
              iconName="angle-left"
              ariaLabel="Page before"
              disabled={number <= 1}
              onClick={() => go(number - 1)}
            />
            <label className="vams-pdf-number">
              Page{" "}
              <input
                type="number"
                min={1}
                max={pages}
                value={number}
                onChange={(event) => go(event.currentTarget.valueAsNumber)}
              />{" "}
              of {pages}
            </label>
            <Button
              iconName="angle-right"
              ariaLabel="Next page"
              disabled={number >= pages}
              onClick={() => go(number + 1)}
            />
            <Button
              iconName="zoom-out"
              ariaLabel="Zoom out"
              disabled={zoom === 0}
              onClick={() => setZoom(zoom - 1)}
            />
            <span aria-live="polite">{Math.round(nearest * 100)} %</span>
            <Button
              iconName="zoom-in"
              ariaLabel="Zoom in"
              disabled={zoom === ZOOMS.length - 1}
              onClick={() => setZoom(zoom + 1)}
            />
          </>
        )
      }
    >
      {content.error !== null ? (
        <div className="vams-viewer-note">
          <Failure error={content.error} onRetry={() => void content.refetch()} />
        </div>
      ) : (
        <>
          {pdf !== undefined && (
            <div
              className="vams-viewer-scroll vams-pdf"
              role="group"
              aria-label={`Page ${number} of ${name}`}
              tabIndex={0}
              onKeyDown={onKeyDown}
            >
              <Page pdf={pdf} number={number} zoom={nearest} onDrawn={onDrawn} />
            </div>
          )}
          {!drawn && <Waiting />}
        </>
      )}
    </Frame>
  );
}
