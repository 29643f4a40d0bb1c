// A Jupyter notebook as its cells, with the results that are kept in it; nothing of it runs.
import type { LanguageSupport } from "@codemirror/language";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { nameOf, plural } from "../../ui/format";
import type { ViewerFile, ViewerProps } from "../registry";
import { decodeText } from "../shared/decode";
import { Failure } from "../shared/Failure";
import { useContent } from "../shared/file";
import { Frame, Waiting } from "../shared/Frame";
import { languageNamed } from "../text/languages";
import { Markdown } from "../text/Markdown";
import { Snippet } from "../text/Snippet";
import { purify } from "./purify";
import { readNotebook, type Cell, type Output } from "./read";
import "../text/text.css";
import "./notebook.css";

const LIMIT = 50_000_000;

const read = (bytes: Uint8Array) => readNotebook(decodeText(bytes));

export default function NotebookViewer({ files }: ViewerProps) {
  const [file] = files;
  return file === undefined ? null : <Shown key={file.path} file={file} />;
}

function Html({ html, label }: { html: string; label: string }) {
  const pure = useMemo(() => ({ __html: purify(html) }), [html]);
  return (
    <div
      className="vams-result"
      role="group"
      aria-label={label}
      tabIndex={0}
      dangerouslySetInnerHTML={pure}
    />
  );
}

function Result({ output, label }: { output: Output; label: string }) {
  switch (output.kind) {
    case "image":
      return <img className="vams-result" src={output.address} alt={label} />;
    case "html":
      return <Html html={output.html} label={label} />;
    case "markdown":
      return <Markdown text={output.text} />;
    case "text":
      return (
        <pre
          className="vams-result"
          data-failed={output.failed}
          role="group"
          aria-label={label}
          tabIndex={0}
        >
          {output.text}
        </pre>
      );
  }
}

function CellView(props: { cell: Cell; number: number; language: LanguageSupport | null }) {
  const { cell, number } = props;
  if (cell.kind === "markdown") return <Markdown text={cell.text} />;
  if (cell.kind === "raw")
    return (
      <pre className="vams-result" role="group" aria-label={`Cell ${number}`} tabIndex={0}>
        {cell.text}
      </pre>
    );
  return (
    <div className="vams-cell">
      <div className="vams-cell-count">{cell.count === null ? "" : `[${cell.count}]`}</div>
      <div className="vams-cell-body">
        <Snippet text={cell.text} language={props.language} label={`Code of cell ${number}`} />
        {cell.outputs.map((output, at) => (
          <Result
            key={at}
            output={output}
            label={`Result ${cell.outputs.length > 1 ? `${at + 1} ` : ""}of cell ${number}`}
          />
        ))}
      </div>
    </div>
  );
}

function Shown({ file }: { file: ViewerFile }) {
  const content = useContent("notebook", file, LIMIT, read);
  const notebook = content.data;
  const language = useQuery({
    queryKey: ["viewer", "language", notebook?.language],
    // Without it, code has no colours.
    queryFn: () => languageNamed(notebook?.language ?? "").catch(() => null),
    enabled: notebook !== undefined,
    structuralSharing: false,
    staleTime: Infinity,
  });
  const name = nameOf(file.path);
  return (
    <Frame
      label={`Notebook ${name}`}
      facts={
        notebook !== undefined && (
          <>
            <span>{plural(notebook.cells.length, "cell")}</span>
            <span>{notebook.language}</span>
            <span>Shown as it was saved; nothing runs</span>
          </>
        )
      }
    >
      {content.error !== null && (
        <div className="vams-viewer-note">
          <Failure error={content.error} onRetry={() => void content.refetch()} />
        </div>
      )}
      {notebook !== undefined && (
        <div
          className="vams-viewer-scroll vams-notebook"
          role="group"
          aria-label={name}
          tabIndex={0}
        >
          {notebook.cells.map((cell, at) => (
            <CellView key={at} cell={cell} number={at + 1} language={language.data ?? null} />
          ))}
        </div>
      )}
      {content.isPending && <Waiting />}
    </Frame>
  );
}
