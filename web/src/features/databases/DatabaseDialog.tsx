// Makes a database, or changes one.
import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import Textarea from "@cloudscape-design/components/textarea";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createDatabase, listBuckets, updateDatabase, type DatabaseForm } from "../../api/changes";
import type { Bucket, Database } from "../../api/types";
import { Dialog } from "../../ui/Dialog";
import { descriptionProblem, extensionsProblem, idProblem, normalizeExtensions } from "./rules";

function bucketName(bucket: Bucket): string {
  return bucket.baseAssetsPrefix === "/"
    ? bucket.bucketName
    : `${bucket.bucketName}/${bucket.baseAssetsPrefix}`;
}

function formOf(database: Database | null): DatabaseForm {
  return {
    databaseId: database?.databaseId ?? "",
    description: database?.description ?? "",
    defaultBucketId: database?.defaultBucketId ?? "",
    restrictMetadataOutsideSchemas: database?.restrictMetadataOutsideSchemas ?? false,
    restrictFileUploadsToExtensions: database?.restrictFileUploadsToExtensions ?? "",
  };
}

export function DatabaseDialog(props: {
  /** Null: a new one. */
  database: Database | null;
  onSaved: (databaseId: string) => void;
  onClose: () => void;
}) {
  const { database } = props;
  const [form, setForm] = useState(() => formOf(database));
  const change = (changed: Partial<DatabaseForm>) => setForm({ ...form, ...changed });
  const buckets = useQuery({
    queryKey: ["buckets"],
    queryFn: ({ signal }) => listBuckets(signal),
  });
  const options = (buckets.data ?? []).map((bucket) => ({
    value: bucket.bucketId,
    label: bucketName(bucket),
  }));
  const bucket = form.defaultBucketId || (options.length === 1 ? (options[0]?.value ?? "") : "");
  const extensions = normalizeExtensions(form.restrictFileUploadsToExtensions);
  const problems = {
    id: database === null ? idProblem(form.databaseId) : "",
    description: descriptionProblem(form.description),
    extensions: extensionsProblem(extensions),
  };
  const incomplete =
    Object.values(problems).some((problem) => problem !== "") ||
    form.databaseId === "" ||
    form.description === "" ||
    bucket === "";
  const save = async () => {
    const body = { ...form, defaultBucketId: bucket, restrictFileUploadsToExtensions: extensions };
    await (database === null ? createDatabase(body) : updateDatabase(body));
    props.onSaved(form.databaseId);
  };
  return (
    <Dialog
      title={database === null ? "Create a database" : `Edit ${database.databaseId}`}
      submitText={database === null ? "Create database" : "Save"}
      onSubmit={save}
      onClose={props.onClose}
      incomplete={incomplete}
    >
      {database === null && (
        <FormField
          label="Identifier"
          constraintText="Stays as it is: it is part of every address. Letters, digits, - and _."
          errorText={problems.id}
        >
          <Input
            value={form.databaseId}
            onChange={({ detail }) => change({ databaseId: detail.value.trim() })}
            placeholder="harbour"
            spellcheck={false}
            ariaRequired
          />
        </FormField>
      )}
      <FormField label="Description" errorText={problems.description}>
        <Textarea
          value={form.description}
          onChange={({ detail }) => change({ description: detail.value })}
          rows={2}
          placeholder="What belongs into it"
          ariaRequired
        />
      </FormField>
      <FormField
        label="Bucket"
        constraintText={
          database === null
            ? "Where the files of its assets lie."
            : "For assets made from now on; the others stay where they are."
        }
        errorText={buckets.error === null ? "" : buckets.error.message}
      >
        <Select
          options={options}
          selectedOption={options.find((option) => option.value === bucket) ?? null}
          onChange={({ detail }) => change({ defaultBucketId: detail.selectedOption.value ?? "" })}
          statusType={buckets.isPending ? "loading" : "finished"}
          placeholder="Choose a bucket"
        />
      </FormField>
      <FormField
        label="Extensions of files that may be uploaded"
        constraintText="Separated by commas. Empty: all."
        errorText={problems.extensions}
      >
        <Input
          value={form.restrictFileUploadsToExtensions}
          onChange={({ detail }) => change({ restrictFileUploadsToExtensions: detail.value })}
          placeholder=".glb, .e57"
          spellcheck={false}
        />
      </FormField>
      <Checkbox
        checked={form.restrictMetadataOutsideSchemas}
        onChange={({ detail }) => change({ restrictMetadataOutsideSchemas: detail.checked })}
        description="As soon as one schema applies, fields outside of the schemas are refused."
      >
        Metadata of schemas only
      </Checkbox>
    </Dialog>
  );
}
