// What was measured, point to point.
import Button from "@cloudscape-design/components/button";
import { AXES } from "./axes";
import { formatLength, type LengthUnit } from "./model";
import type { Measurement } from "./ruler";
import { UnitField } from "./UnitField";

const MEASURE_HELP =
  "Click two points. Corners and edges draw the pointer to them. With keys: turn the model until a point is under the cross in the middle, then Enter; Escape gives up the first point.";

export interface MeasureState {
  found: readonly Measurement[];
  begun: boolean;
  remove: (id: number) => void;
  clear: () => void;
  /** From one end to the other, along the axes of the model. */
  parts: (one: Measurement) => [number, number, number];
}

export function MeasurePanel(props: {
  state: MeasureState;
  unit: LengthUnit;
  onUnit: (unit: LengthUnit) => void;
}) {
  const { state, unit } = props;
  return (
    <>
      <p className="vams-panel-hint">{MEASURE_HELP}</p>
      <div role="status" className="vams-measure-state">
        {state.begun ? "One point is set. Click the other." : "Click the first point."}
      </div>
      {state.found.length > 0 && (
        <ol className="vams-measures" aria-label="Distances">
          {state.found.map((one) => (
            <li key={one.id}>
              <strong>{formatLength(one.from.distanceTo(one.to), unit)}</strong>
              <span className="vams-panel-hint">
                {state
                  .parts(one)
                  .map((part, index) => `${AXES[index] ?? ""} ${formatLength(part)}`)
                  .join(", ")}
              </span>
              <Button
                variant="inline-icon"
                iconName="close"
                ariaLabel={`Remove the distance ${formatLength(one.from.distanceTo(one.to), unit)}`}
                onClick={() => state.remove(one.id)}
              />
            </li>
          ))}
        </ol>
      )}
      {state.found.length > 1 && (
        <div className="vams-panel-row">
          <Button onClick={state.clear}>Remove all</Button>
        </div>
      )}
      <UnitField unit={unit} onChange={props.onUnit} />
    </>
  );
}
