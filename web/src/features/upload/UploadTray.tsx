// The uploads of this tab, on every page: how far they are, and what can be done with them.
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import StatusIndicator, {
  type StatusIndicatorProps,
} from "@cloudscape-design/components/status-indicator";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useApp } from "../../app/context";
import { fail, succeed } from "../../app/flash";
import { refreshAsset, refreshLists } from "../../app/refresh";
import { formatBytes, formatCount, plural } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { assetPath } from "../browse/items";
import { useChooser } from "./DropZone";
import { isOpen, sentBytes, type Job, type JobFile } from "./job";
import { formatDuration } from "./rate";
import { uploads, type Progress, type Shown } from "./uploads";
import "./upload.css";

const LISTED = 200;

const STATES: Record<JobFile["state"], [StatusIndicatorProps.Type, string]> = {
  waiting: ["pending", "Waiting"],
  sending: ["in-progress", "Sending"],
  done: ["success", "Done"],
  failed: ["error", "Failed"],
  cancelled: ["stopped", "Left out"],
};

function stateText(job: Job, progress: Progress): string {
  const done = job.files.filter((file) => file.state === "done").length;
  const counted = job.files.filter((file) => file.state !== "cancelled").length;
  const files = `${formatCount(done)} of ${plural(counted, "file")}`;
  const bytes = `${formatBytes(progress.bytes)} of ${formatBytes(progress.total)}`;
  switch (job.state) {
    case "queued":
      return `${files} · waits for the upload before it`;
    case "paused":
      return `${files} · ${bytes} · paused`;
    case "interrupted":
      return `${files} · ${bytes} · interrupted`;
    case "finished":
      return files;
    case "running": {
      if (progress.waiting) return `${files} · ${bytes} · waits for the connection`;
      if (progress.rate === null || progress.rate === 0) return `${files} · ${bytes}`;
      const left = formatDuration((progress.total - progress.bytes) / progress.rate);
      return `${files} · ${bytes} · ${formatBytes(progress.rate)}/s · ${left} left`;
    }
  }
}

function FileLine({ job, file }: { job: Job; file: JobFile }) {
  const [type, text] = STATES[file.state];
  const sent = sentBytes(file);
  const percent = file.size === 0 ? 0 : Math.floor((100 * sent) / file.size);
  return (
    <li>
      <span className="vams-tray-name" title={file.path}>
        {file.path}
      </span>
      <StatusIndicator type={type}>
        {file.state === "sending" && percent > 0 ? `${percent} %` : text}
      </StatusIndicator>
      {isOpen(file) && job.state !== "interrupted" ? (
        <Button
          variant="inline-icon"
          iconName="close"
          ariaLabel={`Leave out ${file.path}`}
          onClick={() => uploads.cancelFile(job.id, file.path)}
        />
      ) : (
        <span />
      )}
      {file.error !== "" && <span className="vams-tray-why">{file.error}</span>}
    </li>
  );
}

const FILE_ORDER = { failed: 0, sending: 1, waiting: 2, done: 3, cancelled: 4 };

function Files({ job }: { job: Job }) {
  const files = [...job.files].sort((a, b) => FILE_ORDER[a.state] - FILE_ORDER[b.state]);
  return (
    <ul className="vams-tray-files" aria-label={`Files for ${job.assetName}`}>
      {files.slice(0, LISTED).map((file) => (
        <FileLine key={file.path} job={job} file={file} />
      ))}
      {files.length > LISTED && <li>{`and ${formatCount(files.length - LISTED)} more`}</li>}
    </ul>
  );
}

function Again({ job }: { job: Job }) {
  const chooser = useChooser((chosen) => {
    const before = job.files.filter(isOpen).length;
    const missing = uploads.resumeWith(job.id, chosen);
    if (missing.length === before)
      fail("The upload cannot go on", new Error("None of these is a file of this upload."));
  });
  const resume = async () => {
    if (!(await uploads.resumeByItself(job.id))) setAsk(true);
  };
  const [ask, setAsk] = useState(job.roots.length === 0);
  return (
    <>
      {!ask && (
        <Button variant="primary" onClick={() => void resume()}>
          Continue
        </Button>
      )}
      {ask && (
        <ButtonDropdown
          variant="primary"
          items={[
            { id: "files", text: "The files" },
            { id: "folder", text: "The folder" },
          ]}
          onItemClick={({ detail }) => chooser.choose(detail.id as "files" | "folder")}
        >
          Choose again
        </ButtonDropdown>
      )}
      {chooser.inputs}
    </>
  );
}

function JobView({ job, progress }: Shown) {
  const [open, setOpen] = useState(false);
  const failed = job.files.filter((file) => file.state === "failed").length;
  const finished = job.state === "finished";
  const value = progress.total === 0 ? 100 : (100 * progress.bytes) / progress.total;
  return (
    <section className="vams-tray-job" aria-label={`Upload to ${job.assetName}`}>
      <ProgressBar
        value={finished ? 100 : value}
        status={!finished ? "in-progress" : failed > 0 ? "error" : "success"}
        label={
          <InternalLink to={assetPath(job.ref.databaseId, job.ref.assetId)}>
            {job.assetName}
          </InternalLink>
        }
        additionalInfo={finished ? undefined : stateText(job, progress)}
        resultText={
          failed > 0
            ? `${plural(failed, "file")} failed, ${stateText(job, progress)} sent`
            : `${stateText(job, progress)} sent`
        }
      />
      {job.state === "interrupted" && (
        <div className="vams-tray-more">
          The page was closed before the end. What was sent is kept; the browser needs the files
          once more for the rest.
        </div>
      )}
      {job.notes.map((note) => (
        <div key={note} className="vams-tray-why">
          {note}
        </div>
      ))}
      <div className="vams-drop-buttons" style={{ justifyContent: "flex-start", marginTop: 8 }}>
        {job.state === "interrupted" && <Again job={job} />}
        {(job.state === "running" || job.state === "queued") && (
          <Button onClick={() => uploads.pause(job.id)}>Pause</Button>
        )}
        {job.state === "paused" && (
          <Button variant="primary" onClick={() => uploads.resume(job.id)}>
            Resume
          </Button>
        )}
        {finished && failed > 0 && (
          <Button onClick={() => uploads.retry(job.id)}>Try the failed ones again</Button>
        )}
        <Button ariaExpanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide files" : "Show files"}
        </Button>
        <Button variant="link" onClick={() => uploads.remove(job.id)}>
          {finished ? "Dismiss" : "Cancel"}
        </Button>
      </div>
      {(open || failed > 0) && <Files job={job} />}
    </section>
  );
}

export function UploadTray() {
  const { user } = useApp();
  const client = useQueryClient();
  const shown = useSyncExternalStore(uploads.subscribe, uploads.get);
  const [small, setSmall] = useState(false);

  useEffect(() => {
    void uploads.restore(user.id);
    return () => uploads.pauseAll(user.id);
  }, [user.id]);
  useEffect(
    () =>
      uploads.onFinished((job) => {
        refreshAsset(client, job.ref);
        // The same file may look different now.
        void client.invalidateQueries({
          queryKey: ["picture", job.ref.databaseId, job.ref.assetId],
        });
        refreshLists(client);
        const done = job.files.filter((file) => file.state === "done").length;
        if (done > 0) succeed(`${plural(done, "file")} uploaded to ${job.assetName}.`);
        const clean = job.files.every((file) => file.state === "done") && job.notes.length === 0;
        if (clean) setTimeout(() => uploads.remove(job.id), 15_000);
      }),
    [client],
  );
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (uploads.busy) event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, []);

  const mine = shown.filter(({ job }) => job.user === user.id);
  if (mine.length === 0) return null;
  const running = mine.filter(({ job }) => job.state !== "finished").length;
  return (
    <aside className="vams-tray" aria-label="Uploads">
      <div className="vams-tray-head">
        <h2>{running > 0 ? `Uploads (${formatCount(running)})` : "Uploads"}</h2>
        <Button
          variant="icon"
          iconName={small ? "angle-up" : "angle-down"}
          ariaLabel={small ? "Show uploads" : "Hide uploads"}
          ariaExpanded={!small}
          onClick={() => setSmall(!small)}
        />
      </div>
      {!small && mine.map((one) => <JobView key={one.job.id} {...one} />)}
    </aside>
  );
}
