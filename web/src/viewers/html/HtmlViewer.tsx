// A page in a frame that may do nothing: no scripts, no addresses, no storage, no forms.
import { nameOf, plural } from "../../ui/format";
import type { ViewerFile, ViewerProps } from "../registry";
import { decodeText } from "../shared/decode";
import { Failure } from "../shared/Failure";
import { useContent } from "../shared/file";
import { Frame, Waiting } from "../shared/Frame";
import { cleanPage } from "./clean";
import "./html.css";

const LIMIT = 20_000_000;

const read = (bytes: Uint8Array) => cleanPage(decodeText(bytes));

export default function HtmlViewer({ files }: ViewerProps) {
  const [file] = files;
  return file === undefined ? null : <Shown key={file.path} file={file} />;
}

function Shown({ file }: { file: ViewerFile }) {
  const content = useContent("html", file, LIMIT, read);
  const page = content.data;
  const name = nameOf(file.path);
  return (
    <Frame
      label={`Page ${name}`}
      facts={
        page !== undefined && (
          <>
            <span>Shown without running anything in it</span>
            {page.scripts > 0 && <span>{plural(page.scripts, "script")} left out</span>}
            {page.outside > 0 && (
              <span>
                {plural(page.outside, "thing")} outside of the file left out, such as pictures
              </span>
            )}
          </>
        )
      }
    >
      {content.error !== null && (
        <div className="vams-viewer-note">
          <Failure error={content.error} onRetry={() => void content.refetch()} />
        </div>
      )}
      {page !== undefined && (
        <iframe className="vams-page" title={`Page ${name}`} sandbox="" srcDoc={page.html} />
      )}
      {content.isPending && <Waiting />}
    </Frame>
  );
}
