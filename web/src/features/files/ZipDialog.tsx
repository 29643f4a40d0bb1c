// Downloads many files as one, and shows how far it is.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useRef, useState } from "react";
import { isAbort } from "../../api/errors";
import type { AssetFile } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import { succeed } from "../../app/flash";
import { formatBytes, parseInstant, plural } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { chooseTarget, zipFiles, type ZipFile } from "./zip";

export function ZipDialog(props: {
  of: AssetRef;
  /** Without its ending. */
  name: string;
  files: AssetFile[];
  /** The files are those of a version: exactly these of their versions. */
  exact: boolean;
  onClose: () => void;
}) {
  const total = props.files.reduce((sum, file) => sum + (file.size ?? 0), 0);
  const [progress, setProgress] = useState<{ bytes: number; current: string } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);

  const run = async () => {
    setError(null);
    const name = `${props.name}.zip`;
    const target = await chooseTarget(name);
    if (target === null) return;
    stop.current = new AbortController();
    setProgress({ bytes: 0, current: "" });
    const files = props.files.map<ZipFile>((file) => ({
      path: file.relativePath,
      size: file.size ?? 0,
      version: props.exact ? { versionId: file.versionId ?? undefined } : {},
      date: parseInstant(file.dateCreatedCurrentVersion) ?? new Date(),
    }));
    let shown = 0;
    try {
      await zipFiles(props.of, files, {
        name,
        target,
        signal: stop.current.signal,
        onProgress: (bytes, current) => {
          if (Date.now() - shown < 100) return;
          shown = Date.now();
          setProgress({ bytes, current });
        },
      });
      succeed(`${plural(files.length, "file")} saved as ${name}.`);
      props.onClose();
    } catch (failure) {
      if (isAbort(failure)) return;
      setError(failure);
      setProgress(null);
    }
  };
  return (
    <Modal
      visible
      header={`Download ${plural(props.files.length, "file")}`}
      closeAriaLabel="Close"
      onDismiss={props.onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={props.onClose}>
              {progress === null ? "Cancel" : "Stop"}
            </Button>
            <Button variant="primary" loading={progress !== null} onClick={() => void run()}>
              Download as ZIP
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <div>{`${plural(props.files.length, "file")}, ${formatBytes(total)}, as ${props.name}.zip`}</div>
        {progress !== null && (
          <ProgressBar
            value={total === 0 ? 0 : Math.min(100, (100 * progress.bytes) / total)}
            label="Progress"
            additionalInfo={`${formatBytes(progress.bytes)} of ${formatBytes(total)} · ${progress.current}`}
          />
        )}
        {error !== null && <Problem error={error} />}
      </SpaceBetween>
    </Modal>
  );
}
