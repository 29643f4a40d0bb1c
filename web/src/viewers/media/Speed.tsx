// How fast a film or a sound plays.
import Select from "@cloudscape-design/components/select";

const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 4];
const OPTIONS = SPEEDS.map((speed) => ({ value: String(speed), label: `${speed} ×` }));

export function Speed(props: { speed: number; onChange: (speed: number) => void }) {
  return (
    <div className="vams-speed">
      <Select
        ariaLabel="Speed"
        inlineLabelText="Speed"
        options={OPTIONS}
        selectedOption={OPTIONS.find(({ value }) => value === String(props.speed)) ?? null}
        onChange={({ detail }) => props.onChange(Number(detail.selectedOption.value))}
      />
    </div>
  );
}
