// How large a model is, of how much it consists, and on what it is shown.
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import Toggle from "@cloudscape-design/components/toggle";
import { formatCount } from "../../../ui/format";
import { AXES } from "./axes";
import { formatLength, type Model } from "./model";
import { UnitField } from "./UnitField";
import type { Viewer } from "./useViewer";

const BACKGROUNDS = ["page", "light", "grey", "dark"] as const;
export type Background = (typeof BACKGROUNDS)[number];
const BACKGROUND_NAMES: Record<Background, string> = {
  page: "As the page",
  light: "White",
  grey: "Grey",
  dark: "Black",
};

export function missingOf(models: readonly Model[]): string[] {
  return [...new Set(models.flatMap((model) => model.missing?.() ?? []))];
}

export function totalOf(
  models: readonly Model[],
  count: (facts: Model["facts"]) => number,
): number {
  return models.reduce((sum, model) => sum + count(model.facts), 0);
}

function Values({ items }: { items: { label: string; value: string }[] }) {
  return (
    <dl className="vams-stage-values">
      {items.map(({ label, value }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function DetailsPanel({ models, viewer }: { models: Model[]; viewer: Viewer }) {
  const { unit } = viewer;
  const missing = missingOf(models);
  const count = (label: string, of: (facts: Model["facts"]) => number) => {
    const total = totalOf(models, of);
    return total === 0 ? [] : [{ label, value: formatCount(total) }];
  };
  return (
    <>
      <Values
        items={[
          ...AXES.map((axis, index) => ({
            label: `Size ${axis.toUpperCase()}`,
            value: formatLength(viewer.size[index] ?? 0, unit),
          })),
          ...count("Triangles", (facts) => facts.triangles),
          ...count("Vertices", (facts) => facts.vertices),
          ...count("Points", (facts) => facts.points),
          ...count("Parts", (facts) => facts.parts),
          { label: "Materials", value: formatCount(viewer.materials.surfaces.length) },
        ]}
      />
      {missing.length > 0 && (
        <div>
          <strong>Not in this asset</strong>
          <ul className="vams-missing">
            {missing.slice(0, 50).map((name) => (
              <li key={name}>{name}</li>
            ))}
          </ul>
          {missing.length > 50 && (
            <p className="vams-panel-hint">and {formatCount(missing.length - 50)} more</p>
          )}
        </div>
      )}
      <UnitField unit={unit} onChange={viewer.setUnit} />
      <Toggle checked={viewer.standing} onChange={({ detail }) => viewer.setZUp(detail.checked)}>
        Z is up
      </Toggle>
      <FormField label="Background">
        <Select
          options={BACKGROUNDS.map((value) => ({ value, label: BACKGROUND_NAMES[value] }))}
          selectedOption={{
            value: viewer.background,
            label: BACKGROUND_NAMES[viewer.background],
          }}
          onChange={({ detail }) =>
            viewer.setBackground(
              BACKGROUNDS.find((value) => value === detail.selectedOption.value) ?? "page",
            )
          }
        />
      </FormField>
    </>
  );
}
