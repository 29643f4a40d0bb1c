// Chooses tags, by their types.
import FormField from "@cloudscape-design/components/form-field";
import Multiselect from "@cloudscape-design/components/multiselect";
import { useQuery } from "@tanstack/react-query";
import { listTags, listTagTypes } from "../../api/changes";
import { groupTags, missingTypes } from "./tags";

export function useTags() {
  const tags = useQuery({ queryKey: ["tags"], queryFn: ({ signal }) => listTags(signal) });
  const types = useQuery({ queryKey: ["tagTypes"], queryFn: ({ signal }) => listTagTypes(signal) });
  return { tags: tags.data ?? [], types: types.data ?? [], pending: tags.isPending };
}

export function TagsField(props: {
  label?: string;
  chosen: string[];
  onChange: (chosen: string[]) => void;
  /** Say which required types are missing. */
  complete?: boolean;
}) {
  const { tags, types, pending } = useTags();
  const known = new Set(tags.map((tag) => tag.tagName));
  const missing = props.complete === true ? missingTypes(props.chosen, types) : [];
  const groups = groupTags(tags).map((group) => ({
    label: group.required ? `${group.type} (required)` : group.type,
    options: group.tags.map((tag) => ({
      value: tag.tagName,
      label: tag.tagName,
      description: tag.description,
    })),
  }));
  const gone = props.chosen.filter((tag) => !known.has(tag));
  if (gone.length > 0 && !pending)
    groups.push({
      label: "No longer defined",
      options: gone.map((tag) => ({ value: tag, label: tag, description: "" })),
    });
  return (
    <FormField
      label={props.label ?? "Tags"}
      errorText={missing.length === 0 ? "" : `A tag is needed of: ${missing.join(", ")}.`}
    >
      <Multiselect
        options={groups}
        selectedOptions={props.chosen.map((tag) => ({ value: tag, label: tag }))}
        onChange={({ detail }) =>
          props.onChange(detail.selectedOptions.map((option) => option.value ?? ""))
        }
        placeholder="Choose tags"
        empty="No tags are defined"
        filteringType="auto"
        statusType={pending ? "loading" : "finished"}
        deselectAriaLabel={(option) => `Remove ${option.label ?? ""}`}
      />
    </FormField>
  );
}
