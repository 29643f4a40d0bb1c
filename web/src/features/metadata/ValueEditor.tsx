// Edits one value, in the way that suits its type. What is stored in another shape than the type's
// usual one is edited as the text that it is.
import Button from "@cloudscape-design/components/button";
import DatePicker from "@cloudscape-design/components/date-picker";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { lazy, Suspense, useState, type ReactNode } from "react";
import type { ValueType } from "../../api/types";
import { parseJson } from "./checks";
import {
  formatDay,
  formatMatrix,
  formatParts,
  formatPoint,
  IDENTITY,
  PART_NAMES,
  readDay,
  readMatrix,
  readParts,
  readPoint,
} from "./shapes";

const PlacePicker = lazy(async () => ({ default: (await import("./PlacePicker")).PlacePicker }));
const ShapeEditor = lazy(async () => ({ default: (await import("./ShapeEditor")).ShapeEditor }));

interface EditorProps {
  value: string;
  onChange: (value: string) => void;
  /** Names the field for screen readers. */
  label: string;
  invalid: boolean;
}

function Text(props: EditorProps & { rows?: number; code?: boolean; placeholder?: string }) {
  const common = {
    value: props.value,
    ariaLabel: props.label,
    invalid: props.invalid,
    placeholder: props.placeholder ?? "",
    onChange: ({ detail }: { detail: { value: string } }) => props.onChange(detail.value),
  };
  if (props.rows === undefined) return <Input {...common} spellcheck={props.code !== true} />;
  return (
    <div className={props.code === true ? "vams-code" : ""}>
      <Textarea {...common} rows={props.rows} spellcheck={props.code !== true} />
    </div>
  );
}

function Choice(props: EditorProps & { list: string[]; names?: Record<string, string> }) {
  const name = (value: string) => props.names?.[value] ?? value;
  const options = ["", ...props.list].map((value) => ({
    value,
    label: value === "" ? "–" : name(value),
  }));
  const known = options.find((option) => option.value === props.value);
  return (
    <Select
      ariaLabel={props.label}
      invalid={props.invalid}
      options={options}
      selectedOption={known ?? { value: props.value, label: props.value }}
      onChange={({ detail }) => props.onChange(detail.selectedOption.value ?? "")}
      filteringType={props.list.length > 10 ? "auto" : "none"}
    />
  );
}

function Numbers(props: {
  names: string[];
  values: string[];
  onChange: (values: string[]) => void;
  label: string;
  invalid: boolean;
  grid?: boolean;
}) {
  return (
    <div className={props.grid === true ? "vams-matrix" : "vams-numbers"}>
      {props.names.map((name, index) => (
        <label key={name} className="vams-number">
          <span className={props.grid === true ? "vams-sr" : ""}>{name}</span>
          <Input
            value={props.values[index] ?? ""}
            inputMode="decimal"
            invalid={props.invalid}
            ariaLabel={`${props.label}: ${name}`}
            onChange={({ detail }) =>
              props.onChange(
                props.names.map((_, other) =>
                  other === index ? detail.value : (props.values[other] ?? ""),
                ),
              )
            }
          />
        </label>
      ))}
    </div>
  );
}

function Json(props: EditorProps & { placeholder: string }) {
  const format = () => {
    const parsed = parseJson(props.value);
    if ("value" in parsed) props.onChange(JSON.stringify(parsed.value, null, 2));
  };
  return (
    <SpaceBetween size="xxs">
      <Text {...props} rows={Math.min(14, Math.max(4, props.value.split("\n").length))} code />
      <Button variant="inline-link" onClick={format} disabled={props.value === ""}>
        Format
      </Button>
    </SpaceBetween>
  );
}

const MATRIX_NAMES = [1, 2, 3, 4].flatMap((row) =>
  [1, 2, 3, 4].map((column) => `row ${row}, column ${column}`),
);

function Matrix(props: EditorProps) {
  // Kept while a number is half typed.
  const [cells, setCells] = useState(() => readMatrix(props.value));
  if (cells === null) return <Json {...props} placeholder={formatMatrix(IDENTITY)} />;
  const change = (next: string[]) => {
    setCells(next);
    props.onChange(formatMatrix(next));
  };
  return (
    <SpaceBetween size="xxs">
      <Numbers
        names={MATRIX_NAMES}
        values={cells}
        onChange={change}
        label={props.label}
        invalid={props.invalid}
        grid
      />
      <Button variant="inline-link" onClick={() => change(IDENTITY)}>
        Identity
      </Button>
    </SpaceBetween>
  );
}

function Parts(props: EditorProps & { names: string[]; place?: boolean }) {
  const [values, setValues] = useState(() => readParts(props.value, props.names));
  if (values === null) return <Json {...props} placeholder={`{${props.names.join(", ")}}`} />;
  const change = (next: string[]) => {
    setValues(next);
    props.onChange(formatParts(props.value, props.names, next));
  };
  return (
    <SpaceBetween size="xxs">
      <Numbers
        names={props.names}
        values={values}
        onChange={change}
        label={props.label}
        invalid={props.invalid}
      />
      {props.place === true && (
        <Place
          lat={values[0] ?? ""}
          long={values[1] ?? ""}
          onPick={(lat, long) => change([lat, long, values[2] || "0"])}
        />
      )}
    </SpaceBetween>
  );
}

function Point(props: EditorProps) {
  const [values, setValues] = useState(() => readPoint(props.value));
  if (values === null)
    return <Json {...props} placeholder='{"type":"Point","coordinates":[9.9,53.5]}' />;
  const change = (next: string[]) => {
    setValues(next);
    props.onChange(formatPoint(next));
  };
  return (
    <SpaceBetween size="xxs">
      <Numbers
        names={["lat", "long"]}
        values={values}
        onChange={change}
        label={props.label}
        invalid={props.invalid}
      />
      <Place
        lat={values[0] ?? ""}
        long={values[1] ?? ""}
        onPick={(lat, long) => change([lat, long])}
      />
    </SpaceBetween>
  );
}

/** A map below a field, on request. */
function OnMap(props: { text: string; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        variant="inline-link"
        iconName="map"
        onClick={() => setOpen(!open)}
        ariaExpanded={open}
      >
        {open ? "Close the map" : props.text}
      </Button>
      {open && (
        <Suspense fallback={<div className="vams-place vams-place-wait" />}>
          {props.children}
        </Suspense>
      )}
    </>
  );
}

function Place(props: { lat: string; long: string; onPick: (lat: string, long: string) => void }) {
  return (
    <OnMap text="Choose on the map">
      <PlacePicker {...props} />
    </OnMap>
  );
}

function Shapes(props: EditorProps) {
  return (
    <SpaceBetween size="xxs">
      <Json {...props} placeholder='{"type":"LineString","coordinates":[[0,0],[1,1]]}' />
      <OnMap text="Draw on the map">
        <ShapeEditor value={props.value} label={props.label} onChange={props.onChange} />
      </OnMap>
    </SpaceBetween>
  );
}

function Day(props: EditorProps) {
  const day = readDay(props.value);
  if (day === null) return <Text {...props} code placeholder="2031-04-05T06:07:08Z" />;
  return (
    <DatePicker
      value={day}
      onChange={({ detail }) => props.onChange(formatDay(detail.value))}
      placeholder="YYYY/MM/DD"
      ariaLabel={props.label}
      invalid={props.invalid}
      openCalendarAriaLabel={() => `${props.label}: choose a day`}
    />
  );
}

export function ValueEditor(
  props: EditorProps & {
    type: ValueType;
    /** Choices of a controlled list. */
    list: string[] | null;
    /** Show the stored text, whatever the type. */
    raw?: boolean;
  },
) {
  if (props.raw === true) return <Text {...props} rows={4} code />;
  switch (props.type) {
    case "multiline_string":
      return <Text {...props} rows={4} />;
    case "number":
      return <Text {...props} code placeholder="0.0" />;
    case "boolean":
      return <Choice {...props} list={["true", "false"]} names={{ true: "Yes", false: "No" }} />;
    case "inline_controlled_list":
      return props.list !== null && props.list.length > 0 ? (
        <Choice {...props} list={props.list} />
      ) : (
        <Text {...props} />
      );
    case "date":
      return <Day {...props} />;
    case "xyz":
    case "wxyz":
      return <Parts {...props} names={PART_NAMES[props.type]} />;
    case "lla":
      return <Parts {...props} names={PART_NAMES.lla} place />;
    case "matrix4x4":
      return <Matrix {...props} />;
    case "geopoint":
      return <Point {...props} />;
    case "geojson":
      return <Shapes {...props} />;
    case "json":
      return <Json {...props} placeholder='{"key": "value"}' />;
    default:
      return <Text {...props} />;
  }
}
