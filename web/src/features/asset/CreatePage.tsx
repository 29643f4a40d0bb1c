// Makes an asset: what it is, its tags, metadata and files, on one page.
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import Toggle from "@cloudscape-design/components/toggle";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useNavigate, useParams } from "react-router-dom";
import { createAsset, listSchemas } from "../../api/changes";
import type { Database } from "../../api/types";
import { listDatabases } from "../../api/vams";
import { useApp, useTitle } from "../../app/context";
import { fail, succeed } from "../../app/flash";
import { refreshLists } from "../../app/refresh";
import { Problem } from "../../ui/Problem";
import { Trail } from "../../ui/Trail";
import { Unsaved } from "../../ui/Unsaved";
import { assetPath } from "../browse/items";
import { DraftTable } from "../metadata/DraftTable";
import { mergeRows, rowsOfSchemas } from "../metadata/draft";
import { saveChanges } from "../metadata/save";
import { useDraft } from "../metadata/useDraft";
import type { Collected } from "../upload/collect";
import { DropBox, DropZone } from "../upload/DropZone";
import { take } from "../upload/handoff";
import { allowedExtensions, isSent, planFiles } from "../upload/plan";
import { PlanList, planSummary } from "../upload/PlanList";
import { uploads } from "../upload/uploads";
import { assetIdProblem, descriptionProblem, nameProblem, suggestedName } from "./rules";
import { missingTypes } from "./tags";
import { TagsField, useTags } from "./TagsField";

const NONE: Database[] = [];
const NO_FILES: Collected = { candidates: [], roots: [] };

interface Fields {
  databaseId: string;
  assetName: string;
  assetId: string;
  description: string;
  isDistributable: boolean;
  tags: string[];
}

function Details(props: {
  fields: Fields;
  databases: Database[];
  loading: boolean;
  change: (changed: Partial<Fields>) => void;
}) {
  const { fields, change } = props;
  const options = props.databases.map((database) => ({
    value: database.databaseId,
    label: database.databaseId,
    description: database.description,
  }));
  return (
    <Container header={<Header variant="h2">Details</Header>}>
      <SpaceBetween size="m">
        <FormField label="Database">
          <Select
            options={options}
            selectedOption={options.find((one) => one.value === fields.databaseId) ?? null}
            onChange={({ detail }) => change({ databaseId: detail.selectedOption.value ?? "" })}
            statusType={props.loading ? "loading" : "finished"}
            placeholder="Choose a database"
            empty="There is no database yet; make one first."
            filteringType={options.length > 10 ? "auto" : "none"}
          />
        </FormField>
        <FormField label="Name" errorText={nameProblem(fields.assetName)}>
          <Input
            value={fields.assetName}
            onChange={({ detail }) => change({ assetName: detail.value })}
            placeholder="Gantry crane 12"
            ariaRequired
          />
        </FormField>
        <FormField label="Description" errorText={descriptionProblem(fields.description)}>
          <Textarea
            value={fields.description}
            onChange={({ detail }) => change({ description: detail.value })}
            rows={2}
            placeholder="What it is and where it stands"
            ariaRequired
          />
        </FormField>
        <TagsField chosen={fields.tags} onChange={(tags) => change({ tags })} complete />
        <Toggle
          checked={fields.isDistributable}
          onChange={({ detail }) => change({ isDistributable: detail.checked })}
          description="Otherwise nobody can download or look at the files."
        >
          Distributable
        </Toggle>
        <FormField
          label="Identifier"
          constraintText="Part of its address. Empty: one is made up."
          errorText={assetIdProblem(fields.assetId)}
        >
          <Input
            value={fields.assetId}
            onChange={({ detail }) => change({ assetId: detail.value })}
            placeholder="gantry-12"
            spellcheck={false}
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

function useSchemas(databaseId: string) {
  return useQuery({
    queryKey: ["schemas", databaseId, "assetMetadata"],
    queryFn: ({ signal }) => listSchemas(databaseId, "assetMetadata", signal),
    enabled: databaseId !== "",
  });
}

export function CreatePage() {
  useTitle("Create an asset");
  const { databaseId = "" } = useParams();
  const { user } = useApp();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [files, setFiles] = useState<Collected>(() => take() ?? NO_FILES);
  const [fields, setFields] = useState<Fields>(() => ({
    databaseId,
    assetName: suggestedName(files.candidates.map(({ path }) => path)),
    assetId: "",
    description: "",
    isDistributable: true,
    tags: [],
  }));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [made, setMade] = useState<string | null>(null);
  const { types } = useTags();
  const databases = useQuery({
    queryKey: ["databases"],
    queryFn: ({ signal }) => listDatabases(signal),
  });
  const all = databases.data ?? NONE;
  const only = all.length === 1 ? (all[0]?.databaseId ?? "") : "";
  const chosen = fields.databaseId || only;
  const database = all.find((one) => one.databaseId === chosen);
  const extensions = database?.restrictFileUploadsToExtensions ?? "";
  const schemas = useSchemas(chosen);
  const draft = useDraft([]);
  const { replace } = draft;
  useEffect(() => {
    if (schemas.data !== undefined) replace((now) => mergeRows(rowsOfSchemas(schemas.data), now));
  }, [schemas.data, replace]);

  const plan = useMemo(
    () =>
      planFiles(files.candidates, {
        folder: "/",
        existing: new Map(),
        extensions,
        conflict: "version",
      }),
    [files, extensions],
  );
  const sent = plan.filter(isSent);
  const restricted =
    database?.restrictMetadataOutsideSchemas === true && (schemas.data ?? []).length > 0;
  const ready =
    chosen !== "" &&
    fields.assetName.trim() !== "" &&
    fields.description !== "" &&
    nameProblem(fields.assetName) === "" &&
    descriptionProblem(fields.description) === "" &&
    assetIdProblem(fields.assetId) === "" &&
    missingTypes(fields.tags, types).length === 0 &&
    draft.problems.size === 0;

  const addFiles = (more: Collected) => {
    const candidates = [...files.candidates, ...more.candidates];
    setFiles({ candidates, roots: [...files.roots, ...more.roots] });
    if (fields.assetName === "")
      setFields({ ...fields, assetName: suggestedName(candidates.map(({ path }) => path)) });
  };
  const create = async () => {
    setBusy(true);
    setError(null);
    const { assetName, description, isDistributable, tags, assetId } = fields;
    try {
      const ref = await createAsset(chosen, assetId.trim() || undefined, {
        assetName: assetName.trim(),
        description,
        isDistributable,
        tags,
      });
      try {
        await saveChanges({ kind: "asset", ref }, draft.changes);
      } catch (failure) {
        fail("The asset is made, but its metadata could not be saved", failure);
      }
      if (sent.length > 0)
        uploads.start({
          user: user.id,
          ref,
          assetName,
          files: sent.map((file) => ({
            path: file.path,
            source: file.candidate.path,
            file: file.candidate.file,
          })),
          roots: files.roots,
        });
      refreshLists(client);
      succeed(`${assetName} is made.`);
      setMade(assetPath(ref.databaseId, ref.assetId));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  // Only after the page knows that nothing is unsaved any more.
  useEffect(() => {
    if (made !== null) navigate(made, { replace: true });
  }, [made, navigate]);

  const touched = fields.assetName !== "" || fields.description !== "" || sent.length > 0;
  return (
    <DropZone onFiles={addFiles} text="Drop to put these into the asset">
      <div className="vams-create">
        <SpaceBetween size="l">
          <Trail
            steps={[
              { text: "Assets and files", path: "/assets" },
              { text: "Create an asset", path: "/upload" },
            ]}
          />
          <Header variant="h1">Create an asset</Header>
          {databases.error !== null && (
            <Problem error={databases.error} onRetry={() => void databases.refetch()} />
          )}
          <Details
            fields={{ ...fields, databaseId: chosen }}
            databases={all}
            loading={databases.isPending}
            change={(changed) => setFields({ ...fields, ...changed })}
          />
          <Container
            header={
              <Header
                variant="h2"
                description={
                  allowedExtensions(extensions).length > 0
                    ? `The database takes ${allowedExtensions(extensions).join(", ")} only.`
                    : "They can also be added later."
                }
              >
                Files
              </Header>
            }
          >
            <SpaceBetween size="s">
              <DropBox onFiles={addFiles} text="Drop files or folders here" />
              {plan.length > 0 && <PlanList plan={plan} />}
              {plan.length > 0 && (
                <div className="vams-plan-summary" role="status">
                  {planSummary(plan).map((part) => (
                    <span key={part}>{part}</span>
                  ))}
                  <Button variant="inline-link" onClick={() => setFiles(NO_FILES)}>
                    Remove all
                  </Button>
                </div>
              )}
            </SpaceBetween>
          </Container>
          <DraftTable
            draft={draft}
            label="Metadata"
            loading={schemas.isLoading}
            mayAdd={!restricted}
            header={<Header variant="h2">Metadata</Header>}
          />
          {error !== null && <Problem error={error} />}
          <div className="vams-form-end">
            <Button variant="link" onClick={() => navigate(-1)}>
              Cancel
            </Button>
            <Button
              variant="primary"
              loading={busy}
              disabled={!ready}
              onClick={() => void create()}
            >
              {sent.length === 0 ? "Create asset" : "Create and upload"}
            </Button>
          </div>
        </SpaceBetween>
      </div>
      <Unsaved
        pending={touched && made === null}
        what="The asset is not made yet; what you filled in would be lost."
      />
    </DropZone>
  );
}
