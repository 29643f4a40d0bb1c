// Where a model is cut open.
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Slider from "@cloudscape-design/components/slider";
import { AXES } from "./axes";
import { formatLength, type LengthUnit } from "./model";
import type { Section } from "./section";

const STEPS = 200;

export function SectionPanel(props: {
  section: Section;
  unit: LengthUnit;
  /** From where to where the model reaches along the axis. */
  reach: [number, number];
  onChange: (section: Section) => void;
}) {
  const { section, onChange } = props;
  const [from, to] = props.reach;
  const place = (step: number) => formatLength(from + ((to - from) * step) / STEPS, props.unit);
  return (
    <>
      <FormField label="Across the axis">
        <SegmentedControl
          label="Axis"
          selectedId={section.axis}
          options={AXES.map((axis) => ({ id: axis, text: axis.toUpperCase() }))}
          onChange={({ detail }) =>
            onChange({ ...section, axis: AXES.find((axis) => axis === detail.selectedId) ?? "x" })
          }
        />
      </FormField>
      <FormField label={`Position: ${place(section.at * STEPS)}`}>
        <Slider
          ariaLabel="Position"
          min={0}
          max={STEPS}
          value={Math.round(section.at * STEPS)}
          valueFormatter={place}
          onChange={({ detail }) => onChange({ ...section, at: detail.value / STEPS })}
        />
      </FormField>
      <div className="vams-panel-row">
        <Button onClick={() => onChange({ ...section, flipped: !section.flipped })}>
          Other side
        </Button>
        <Button onClick={() => onChange({ ...section, at: 0.5 })}>Middle</Button>
      </div>
    </>
  );
}
