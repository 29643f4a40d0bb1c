// Text of any kind, as it is written: nothing in a file is given to the browser as HTML. Markdown and
// JSON can also be read in a tidier form.
import Button from "@cloudscape-design/components/button";
import ToggleButton from "@cloudscape-design/components/toggle-button";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { fail, succeed } from "../../app/flash";
import { extensionOf, formatBytes, nameOf, plural } from "../../ui/format";
import type { ViewerFile, ViewerProps } from "../registry";
import { decodeText } from "../shared/decode";
import { Failure } from "../shared/Failure";
import { useContent } from "../shared/file";
import { Frame, Waiting } from "../shared/Frame";
import type { CodeHandle } from "./Code";
import { Markdown } from "./Markdown";
import { tidyJson } from "./json";
import "./text.css";

const Code = lazy(() => import("./Code"));

const LIMIT = 20_000_000;
/** Larger ones stay as they are, because tidying them takes seconds. */
const TIDY_LIMIT = 5_000_000;
const NAMES: Record<string, string> = {
  ".json": "Tidy",
  ".geojson": "Tidy",
  ".gltf": "Tidy",
  ".md": "Formatted",
};

export default function TextViewer({ files }: ViewerProps) {
  const [file] = files;
  return file === undefined ? null : <Shown key={file.path} file={file} />;
}

function Shown({ file }: { file: ViewerFile }) {
  const content = useContent("text", file, LIMIT, decodeText);
  const name = nameOf(file.path);
  const extension = extensionOf(file.path);
  const tidyName = (file.size ?? 0) > TIDY_LIMIT ? undefined : NAMES[extension];
  const [tidy, setTidy] = useState(true);
  const [wrap, setWrap] = useState(true);
  const code = useRef<CodeHandle>(null);
  const text = content.data;
  const lines = useMemo(() => text?.split(/\r\n|\r|\n/).length ?? 0, [text]);
  const formatted = tidy && tidyName !== undefined && extension === ".md";
  const shown = useMemo(
    () =>
      text !== undefined && tidy && tidyName !== undefined && extension !== ".md"
        ? tidyJson(text)
        : text,
    [text, tidy, tidyName, extension],
  );
  const copy = () => {
    navigator.clipboard
      .writeText(text ?? "")
      .then(() => succeed(`The text of ${name} is copied.`))
      .catch((error: unknown) => fail("The text cannot be copied", error));
  };
  return (
    <Frame
      label={`Text of ${name}`}
      tools={
        text !== undefined && (
          <>
            {tidyName !== undefined && (
              <ToggleButton pressed={tidy} onChange={({ detail }) => setTidy(detail.pressed)}>
                {tidyName}
              </ToggleButton>
            )}
            {!formatted && (
              <>
                <ToggleButton pressed={wrap} onChange={({ detail }) => setWrap(detail.pressed)}>
                  Wrap lines
                </ToggleButton>
                <Button iconName="search" onClick={() => code.current?.find()}>
                  Find
                </Button>
              </>
            )}
            <Button iconName="copy" onClick={copy}>
              Copy
            </Button>
          </>
        )
      }
      facts={
        text !== undefined && (
          <>
            <span>{plural(lines, "line")}</span>
            <span>{formatBytes(file.size)}</span>
          </>
        )
      }
    >
      {content.error !== null && (
        <div className="vams-viewer-note">
          <Failure error={content.error} onRetry={() => void content.refetch()} />
        </div>
      )}
      {shown !== undefined && formatted && (
        <div className="vams-viewer-scroll" role="group" aria-label={name} tabIndex={0}>
          <Markdown text={shown} />
        </div>
      )}
      {shown !== undefined && !formatted && (
        <Suspense fallback={<Waiting />}>
          <Code ref={code} text={shown} extension={extension} label={name} wrap={wrap} />
        </Suspense>
      )}
      {content.isPending && <Waiting />}
    </Frame>
  );
}
