// What is known about a database, an asset, a file or a link: read, edited, and saved when asked to.
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TableProps } from "@cloudscape-design/components/table";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import type { MetadataItem, ValueType } from "../../api/types";
import { getMetadata, type MetadataTarget } from "../../api/vams";
import { fail, succeed } from "../../app/flash";
import { refreshLists } from "../../app/refresh";
import { useMayChange } from "../../app/rights";
import { formatCount, plural } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { Unsaved } from "../../ui/Unsaved";
import { DraftTable } from "./DraftTable";
import { mergeRows, rowsOf } from "./draft";
import { saveChanges } from "./save";
import { useDraft } from "./useDraft";

const SheetDialog = lazy(async () => ({ default: (await import("./SheetDialog")).SheetDialog }));

const NONE: MetadataItem[] = [];
const ONLY_TEXT: ValueType[] = ["string"];

export function MetadataEditor(props: {
  title: string;
  target: MetadataTarget;
  assetVersionId?: string | undefined;
  /** The asset is archived, or the like. */
  locked?: boolean;
  variant?: TableProps.Variant;
}) {
  const { target, assetVersionId } = props;
  const client = useQueryClient();
  const mayChange = useMayChange();
  const readOnly = !mayChange || assetVersionId !== undefined || props.locked === true;
  const [sheet, setSheet] = useState(false);
  const [saving, setSaving] = useState(false);
  const [saved, setSaved] = useState(0); // closes the rows that are open
  const [error, setError] = useState<unknown>(null);
  const list = useQuery({
    queryKey: ["metadata", target, assetVersionId],
    queryFn: ({ signal }) => getMetadata(target, assetVersionId, signal),
  });
  const items = list.data?.metadata ?? NONE;
  const draft = useDraft([]);
  const { replace } = draft;
  useEffect(() => {
    replace((now) => mergeRows(rowsOf(items), now));
  }, [items, replace]);

  if (list.error !== null)
    return <Problem error={list.error} onRetry={() => void list.refetch()} />;
  const restricted = list.data?.restrictMetadataOutsideSchemas === true;
  const reload = async () => {
    const fresh = await list.refetch();
    replace(rowsOf(fresh.data?.metadata ?? NONE));
    refreshLists(client);
  };
  const save = async () => {
    setSaving(true);
    setError(null);
    const count = draft.pending;
    try {
      await saveChanges(target, draft.changes);
      await reload();
      setSaved(saved + 1);
      succeed(`${plural(count, "change")} of the metadata saved.`);
    } catch (failure) {
      setError(failure);
      // A part may have been done.
      void client.invalidateQueries({ queryKey: ["metadata"] });
    } finally {
      setSaving(false);
    }
  };
  const discard = () => {
    setError(null);
    setSaved(saved + 1);
    replace(rowsOf(items));
  };
  const attribute = target.kind === "file" && target.type === "attribute";
  const more = (
    <ButtonDropdown
      items={[
        { id: "sheet", text: "Edit as a sheet", disabled: readOnly || draft.pending > 0 },
        { id: "csv", text: "Save as CSV file", disabled: items.length === 0 },
      ]}
      onItemClick={({ detail }) => {
        if (detail.id === "sheet") setSheet(true);
        else
          void import("./csv")
            .then((csv) => csv.saveCsv(props.title, items))
            .catch((failure: unknown) => fail("The file cannot be written", failure));
      }}
    >
      More
    </ButtonDropdown>
  );
  const header = (
    <Header
      variant="h2"
      counter={list.isPending ? "" : `(${formatCount(draft.rows.length)})`}
      description={restricted && !readOnly ? "Only fields of schemas are taken here." : undefined}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          {draft.pending > 0 && (
            <Button onClick={discard} disabled={saving}>
              Discard
            </Button>
          )}
          {draft.pending > 0 && (
            <Button
              variant="primary"
              loading={saving}
              disabled={draft.problems.size > 0}
              onClick={() => void save()}
            >
              {`Save ${plural(draft.pending, "change")}`}
            </Button>
          )}
          {more}
        </SpaceBetween>
      }
    >
      {props.title}
    </Header>
  );
  return (
    <SpaceBetween size="s">
      {error !== null && <Problem error={error} />}
      {draft.pending > 0 && draft.problems.size > 0 && (
        <Alert type="warning">
          {`${plural(draft.problems.size, "field")} cannot be saved like this.`}
        </Alert>
      )}
      <DraftTable
        key={saved}
        draft={draft}
        header={header}
        label={props.title}
        loading={list.isPending}
        readOnly={readOnly}
        mayAdd={!restricted}
        variant={props.variant ?? "container"}
        {...(attribute ? { types: ONLY_TEXT } : {})}
      />
      <Unsaved
        pending={draft.pending > 0}
        what={`${plural(draft.pending, "change")} of “${props.title}” would be lost.`}
      />
      <Suspense>
        {sheet && (
          <SheetDialog
            title={props.title}
            targets={[{ name: props.title, target, items }]}
            onlyText={attribute}
            onSaved={() => void reload()}
            onClose={() => setSheet(false)}
          />
        )}
      </Suspense>
    </SpaceBetween>
  );
}
