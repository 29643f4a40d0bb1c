// In which unit the lengths of a model are. Many formats do not say; whoever knows says it here.
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import type { LengthUnit } from "./model";

const OPTIONS: { value: LengthUnit; label: string }[] = [
  { value: "", label: "Not known" },
  { value: "mm", label: "Millimetres (mm)" },
  { value: "cm", label: "Centimetres (cm)" },
  { value: "m", label: "Metres (m)" },
  { value: "in", label: "Inches (in)" },
  { value: "ft", label: "Feet (ft)" },
];

export function UnitField(props: { unit: LengthUnit; onChange: (unit: LengthUnit) => void }) {
  return (
    <FormField label="Lengths of the file are in">
      <Select
        options={OPTIONS}
        selectedOption={OPTIONS.find(({ value }) => value === props.unit) ?? null}
        onChange={({ detail }) =>
          props.onChange(
            OPTIONS.find(({ value }) => value === detail.selectedOption.value)?.value ?? "",
          )
        }
      />
    </FormField>
  );
}
