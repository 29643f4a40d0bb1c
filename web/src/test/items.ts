// Things as the server sends them.
import type { MetadataItem, ValueType } from "../api/types";

export function item(
  metadataKey: string,
  metadataValue: string,
  metadataValueType: ValueType = "string",
  schema: Partial<MetadataItem> = {},
): MetadataItem {
  return {
    metadataKey,
    metadataValue,
    metadataValueType,
    metadataSchemaName: null,
    metadataSchemaField: false,
    metadataSchemaRequired: false,
    metadataSchemaDefaultValue: null,
    metadataSchemaDependsOn: null,
    metadataSchemaMultiFieldConflict: false,
    metadataSchemaControlledListKeys: null,
    ...schema,
  };
}
