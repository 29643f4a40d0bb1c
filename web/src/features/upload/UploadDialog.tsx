// Before files are sent: where they go, what is there already, what is not taken and why, and what
// shall be written down about them.
import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { listSchemas, updateAsset } from "../../api/changes";
import type { Asset, Database } from "../../api/types";
import { listDatabases, listFiles, type AssetRef } from "../../api/vams";
import { useApp } from "../../app/context";
import { refreshAsset, refreshLists } from "../../app/refresh";
import { Dialog } from "../../ui/Dialog";
import { extensionOf } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { TagsField } from "../asset/TagsField";
import { DraftTable } from "../metadata/DraftTable";
import { mergeRows, rowsOfSchemas } from "../metadata/draft";
import { useDraft } from "../metadata/useDraft";
import type { Collected } from "./collect";
import { schemasOfAll } from "./describe";
import { DropZone } from "./DropZone";
import { folderOf } from "./folder";
import { allowedExtensions, isSent, planFiles, type Conflict, type PlannedFile } from "./plan";
import { PlanList, planSummary } from "./PlanList";
import { uploads } from "./uploads";

/** What will be sent; null until the asset's files and the database's rules are known. */
function usePlan(
  of: AssetRef,
  collected: Collected,
  folder: string,
  conflict: Conflict,
): {
  plan: PlannedFile[] | null;
  database: Database | undefined;
  extensions: string;
  error: unknown;
  retry: () => void;
} {
  const files = useQuery({
    queryKey: ["files", of.databaseId, of.assetId, undefined, true],
    queryFn: ({ signal }) => listFiles(of, { includeArchived: true }, signal),
  });
  const databases = useQuery({
    queryKey: ["databases"],
    queryFn: ({ signal }) => listDatabases(signal),
  });
  const database = databases.data?.find((one) => one.databaseId === of.databaseId);
  const extensions = database?.restrictFileUploadsToExtensions ?? "";
  const plan = useMemo(() => {
    if (files.data === undefined || databases.isPending) return null;
    const existing = new Map(
      files.data
        .filter((file) => !file.isFolder)
        .map((file) => [file.relativePath, { archived: file.isArchived }]),
    );
    return planFiles(collected.candidates, { folder, existing, extensions, conflict });
  }, [files.data, databases.isPending, collected, folder, extensions, conflict]);
  return { plan, database, extensions, error: files.error, retry: () => void files.refetch() };
}

/** Metadata for all of the files: the fields that the schemas of the database have for them. */
function useDescription(of: AssetRef, paths: string[]) {
  const schemas = useQuery({
    queryKey: ["schemas", of.databaseId, "fileMetadata"],
    queryFn: ({ signal }) => listSchemas(of.databaseId, "fileMetadata", signal),
  });
  const draft = useDraft([]);
  const { replace } = draft;
  const known = schemas.data;
  const kinds = [...new Set(paths.map(extensionOf))].sort().join(" ");
  const rows = useMemo(
    () => rowsOfSchemas(schemasOfAll(known ?? [], kinds === "" ? [] : kinds.split(" "))),
    [known, kinds],
  );
  useEffect(() => replace((now) => mergeRows(rows, now)), [rows, replace]);
  // Files may also be described later, so what is required is asked for only of who begins here.
  const begun = draft.rows.some(
    ({ schema, value }) => schema === null || (value !== "" && value !== schema.fallback),
  );
  return { draft, begun, strict: (known ?? []).length > 0 };
}

export function UploadDialog(props: {
  of: AssetRef;
  assetName: string;
  /** Its tags, where they can be added to. */
  asset: Asset | null;
  folder: string;
  files: Collected;
  onClose: () => void;
}) {
  const { of } = props;
  const { user } = useApp();
  const client = useQueryClient();
  const [collected, setCollected] = useState(props.files);
  const [place, setPlace] = useState(props.folder);
  const [conflict, setConflict] = useState<Conflict>("version");
  const [tags, setTags] = useState<string[]>([]);
  const folder = folderOf(place);
  const { plan, database, extensions, error, retry } = usePlan(of, collected, folder, conflict);
  const sent = plan?.filter(isSent) ?? [];
  const { draft, begun, strict } = useDescription(
    of,
    sent.map((file) => file.path),
  );
  const clashes = plan?.some((file) => file.known && file.fate !== "refused") ?? false;
  const allowed = allowedExtensions(extensions);

  const start = async () => {
    const asset = props.asset;
    if (asset !== null && tags.length > 0) {
      await updateAsset(of, { tags: [...new Set([...asset.tags, ...tags])] });
      refreshAsset(client, of);
      refreshLists(client);
    }
    uploads.start({
      user: user.id,
      ref: of,
      assetName: props.assetName,
      files: sent.map((file) => ({
        path: file.path,
        source: file.candidate.path,
        file: file.candidate.file,
      })),
      roots: collected.roots,
      metadata: begun ? draft.changes.put : [],
    });
  };
  return (
    <Dialog
      title={`Upload to ${props.assetName}`}
      submitText={sent.length === 1 ? "Upload 1 file" : `Upload ${sent.length} files`}
      onSubmit={start}
      onClose={props.onClose}
      incomplete={sent.length === 0 || (begun && draft.problems.size > 0)}
      size="large"
    >
      {error !== null && <Problem error={error} onRetry={retry} />}
      <DropZone
        text="Drop to add these as well"
        onFiles={(more) =>
          setCollected({
            candidates: [...collected.candidates, ...more.candidates],
            roots: [...collected.roots, ...more.roots],
          })
        }
      >
        {plan === null ? (
          <div className="vams-plan" role="status" aria-label="Loading" />
        ) : (
          <PlanList plan={plan} />
        )}
      </DropZone>
      {plan !== null && (
        <div className="vams-plan-summary" role="status">
          {planSummary(plan).map((part) => (
            <span key={part}>{part}</span>
          ))}
        </div>
      )}
      {allowed.length > 0 && (
        <Box color="text-body-secondary">
          {`The database ${of.databaseId} takes ${allowed.join(", ")} only.`}
        </Box>
      )}
      <FormField label="Folder" constraintText="In the asset; it is made if it is not there.">
        <Input
          value={place}
          onChange={({ detail }) => setPlace(detail.value)}
          placeholder="/"
          spellcheck={false}
        />
      </FormField>
      {clashes && (
        <FormField label="Files that are there already">
          <RadioGroup
            value={conflict}
            onChange={({ detail }) => setConflict(detail.value as Conflict)}
            items={[
              {
                value: "version",
                label: "New version",
                description: "The present ones stay in the history.",
              },
              { value: "skip", label: "Leave them out" },
              { value: "rename", label: "Keep both", description: "The new ones get a number." },
            ]}
          />
        </FormField>
      )}
      <ExpandableSection headerText="Tags and metadata" variant="footer">
        {props.asset !== null && (
          <TagsField label="Tags to add to the asset" chosen={tags} onChange={setTags} />
        )}
        <DraftTable
          draft={draft}
          label="Metadata of the files"
          variant="embedded"
          mayAdd={!(strict && database?.restrictMetadataOutsideSchemas === true)}
          header={
            <Header variant="h3" description="Written to each of these files.">
              Metadata of the files
            </Header>
          }
        />
      </ExpandableSection>
    </Dialog>
  );
}
