// Tags by their types, and what a set of them lacks.
import type { Tag, TagType } from "../../api/types";

export function requiredTypes(types: TagType[]): TagType[] {
  return types.filter((type) => type.required === "True" && type.tags.length > 0);
}

/** Types of which the server wants a tag and there is none. */
export function missingTypes(chosen: string[], types: TagType[]): string[] {
  return requiredTypes(types)
    .filter((type) => !type.tags.some((tag) => chosen.includes(tag)))
    .map((type) => type.tagTypeName);
}

export interface TagGroup {
  type: string;
  required: boolean;
  tags: Tag[];
}

export function groupTags(tags: Tag[]): TagGroup[] {
  const groups = new Map<string, TagGroup>();
  for (const tag of tags) {
    const required = tag.tagTypeName.endsWith(" [R]");
    const type = tag.tagTypeName.replace(/ \[R\]$/, "");
    const group = groups.get(type) ?? { type, required, tags: [] };
    group.tags.push(tag);
    groups.set(type, group);
  }
  return [...groups.values()].sort((a, b) => a.type.localeCompare(b.type));
}
