// How the points of a cloud are drawn.
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import Slider from "@cloudscape-design/components/slider";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { fail } from "../../app/flash";
import { formatCount } from "../../ui/format";
import { formatLength, type Model } from "../shared/stage/model";
import {
  CLASS_NAMES,
  classesOf,
  colourOfClass,
  MODE_NAMES,
  modesOf,
  RAMP,
  type Mode,
  type Rgb,
} from "./colours";
import { BUDGETS, isCloud, type CloudModel } from "./load";
import "./points.css";

const css = (colour: Rgb) => `rgb(${colour.join(" ")})`;
const SHOWN_CLASSES = 20;

function HeightLegend({ model }: { model: CloudModel }) {
  const { low, high, origin } = model.cloud;
  return (
    <div className="vams-points-legend">
      <div
        className="vams-points-ramp"
        style={{ background: `linear-gradient(to right, ${RAMP.map(css).join(", ")})` }}
      />
      <span>{formatLength(low[2] + origin[2])}</span>
      <span>{formatLength(high[2] + origin[2])}</span>
    </div>
  );
}

function ClassLegend({ model }: { model: CloudModel }) {
  const name = (number: number) =>
    (model.standardClasses ? CLASS_NAMES[number] : undefined) ?? `Class ${number}`;
  return (
    <ul className="vams-points-classes" aria-label="Classes">
      {classesOf(model.cloud)
        .slice(0, SHOWN_CLASSES)
        .map(({ number, count }) => (
          <li key={number}>
            <span style={{ background: css(colourOfClass(number)) }} aria-hidden="true" />
            {name(number)} ({formatCount(count)})
          </li>
        ))}
    </ul>
  );
}

export function CloudPanel({ stage, models }: { stage: { draw: () => void }; models: Model[] }) {
  const clouds = models.filter(isCloud);
  const [first] = clouds;
  const [, setChanges] = useState(0);
  const [reading, setReading] = useState(false);
  if (first === undefined) return null;
  const changed = () => {
    setChanges((count) => count + 1);
    stage.draw();
  };
  const modes = [...new Set(clouds.flatMap((one) => modesOf(one.cloud)))].map((mode) => ({
    value: mode,
    label: MODE_NAMES[mode],
  }));
  const budgets = BUDGETS.map((value) => ({ value: String(value), label: formatCount(value) }));
  const setBudget = (budget: number) => {
    setReading(true);
    Promise.all(clouds.map((one) => one.setBudget(budget)))
      .catch((error: unknown) => fail("The points cannot be read again", error))
      .finally(() => {
        setReading(false);
        changed();
      });
  };
  return (
    <SpaceBetween size="m">
      <FormField label="Colours show">
        <Select
          selectedOption={modes.find(({ value }) => value === first.mode) ?? null}
          options={modes}
          onChange={({ detail }) => {
            for (const one of clouds) one.setMode(detail.selectedOption.value as Mode);
            changed();
          }}
        />
      </FormField>
      {first.mode === "height" && <HeightLegend model={first} />}
      {first.mode === "class" && <ClassLegend model={first} />}
      <FormField label="Size of points">
        <Slider
          value={first.size}
          min={1}
          max={10}
          onChange={({ detail }) => {
            for (const one of clouds) one.setSize(detail.value);
            changed();
          }}
        />
      </FormField>
      <FormField
        label="Points at most"
        description="More show finer detail; fewer move more smoothly."
      >
        <Select
          disabled={reading}
          selectedOption={budgets.find(({ value }) => value === String(first.budget)) ?? null}
          options={budgets}
          onChange={({ detail }) => setBudget(Number(detail.selectedOption.value))}
        />
      </FormField>
      {reading && <StatusIndicator type="loading">Reading the points</StatusIndicator>}
      {!reading && first.notes?.().map((note) => <div key={note}>{note}</div>)}
    </SpaceBetween>
  );
}
