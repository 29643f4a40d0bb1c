// Links to files: some that work for a day without signing in, and some that need it and stay good.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import Modal from "@cloudscape-design/components/modal";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { urlOf } from "../../api/http";
import { at, fileAddress, listFiles, type AssetRef } from "../../api/vams";
import { Empty } from "../../ui/Empty";
import { plural } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { runAll } from "../../ui/runAll";
import { saveText } from "../../ui/saveText";

interface SharedFile {
  path: string;
  url: string;
  problem: string;
}

const NONE: string[] = [];
const LISTED = 100;

export function streamAddress(of: AssetRef, path: string, assetVersionId?: string): string {
  const segments = path.replace(/^\//, "").split("/").map(encodeURIComponent).join("/");
  const address = urlOf(`${at(of, "download", "stream")}/${segments}`, { assetVersionId });
  return new URL(address, location.href).href;
}

async function signed(
  of: AssetRef,
  paths: string[],
  assetVersionId?: string,
): Promise<SharedFile[]> {
  const urls = new Map<string, string>();
  const outcomes = await runAll(
    paths,
    async (path) => {
      const address = await fileAddress(of, path, { assetVersionId });
      urls.set(path, new URL(address, location.href).href);
    },
    { atOnce: 4 },
  );
  return outcomes.map(({ item, error }) => ({
    path: item,
    url: urls.get(item) ?? "",
    problem: error ?? "",
  }));
}

export function ShareDialog(props: {
  of: AssetRef;
  /** Null: all files of the asset. */
  paths: string[] | null;
  assetVersionId?: string;
  onClose: () => void;
}) {
  const { of, assetVersionId } = props;
  const [kind, setKind] = useState("signed");
  const files = useQuery({
    queryKey: ["files", of.databaseId, of.assetId, assetVersionId, false],
    queryFn: ({ signal }) => listFiles(of, { assetVersionId }, signal),
    enabled: props.paths === null,
  });
  const paths = useMemo(() => {
    if (props.paths !== null) return props.paths;
    return files.data?.filter((file) => !file.isFolder).map((file) => file.relativePath) ?? NONE;
  }, [props.paths, files.data]);
  const made = useQuery({
    queryKey: ["share", of, paths, assetVersionId],
    queryFn: () => signed(of, paths, assetVersionId),
    enabled: kind === "signed" && paths.length > 0,
    staleTime: 0,
    gcTime: 0,
  });
  const links =
    kind === "signed"
      ? (made.data ?? [])
      : paths.map((path) => ({ path, url: streamAddress(of, path, assetVersionId), problem: "" }));
  const good = links.filter((link) => link.url !== "");
  const text = good.map((link) => link.url).join("\n");
  const failed = links.find((link) => link.problem !== "");
  return (
    <Modal
      visible
      size="large"
      header={`Share ${plural(paths.length, "file")}`}
      closeAriaLabel="Close"
      onDismiss={props.onClose}
    >
      <SpaceBetween size="m">
        <SegmentedControl
          label="Kind of links"
          selectedId={kind}
          onChange={({ detail }) => setKind(detail.selectedId)}
          options={[
            { id: "signed", text: "For anybody, one day" },
            { id: "stream", text: "For programs that sign in" },
          ]}
        />
        <Box color="text-body-secondary">
          {kind === "signed"
            ? "Whoever has such a link can download the file until tomorrow; it cannot be taken back."
            : "These need a token or an API key in the header Authorization, and do not expire."}
        </Box>
        {files.error !== null && <Problem error={files.error} />}
        {made.error !== null && <Problem error={made.error} />}
        {failed !== undefined && (
          <Alert type="warning">{`${failed.path}: ${failed.problem}`}</Alert>
        )}
        <SpaceBetween direction="horizontal" size="xs">
          {good.length > 0 && (
            <CopyToClipboard
              copyButtonText="Copy all"
              copyErrorText="Copying is not possible here"
              copySuccessText="Copied"
              textToCopy={text}
            />
          )}
          <Button
            disabled={good.length === 0}
            onClick={() => saveText("links.txt", "text/plain", `${text}\n`)}
          >
            Save as a file
          </Button>
        </SpaceBetween>
        <Table
          variant="embedded"
          contentDensity="compact"
          wrapLines
          loading={kind === "signed" && (made.isFetching || files.isFetching)}
          loadingText="Making links"
          trackBy="path"
          items={good.slice(0, LISTED)}
          ariaLabels={{ tableLabel: "Links" }}
          empty={<Empty title="No links" text="There is no file to share." />}
          columnDefinitions={[
            { id: "path", header: "File", cell: (link) => link.path, isRowHeader: true },
            {
              id: "copy",
              header: "Link",
              width: 140,
              cell: (link) => (
                <CopyToClipboard
                  variant="icon"
                  copyButtonAriaLabel={`Copy the link to ${link.path}`}
                  copyErrorText="Copying is not possible here"
                  copySuccessText="Copied"
                  textToCopy={link.url}
                />
              ),
            },
          ]}
          footer={good.length > LISTED && `and ${plural(good.length - LISTED, "more link")}`}
        />
      </SpaceBetween>
    </Modal>
  );
}
