// The materials of a model, and how each looks. Changes last as long as the view.
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Slider from "@cloudscape-design/components/slider";
import { useId, useState } from "react";
import { plural } from "../../../ui/format";
import type { Look, Surface } from "./looks";

export interface MaterialsState {
  surfaces: Surface[];
  /** Of those that were changed. */
  looks: ReadonlyMap<string, Look>;
  change: (id: string, look: Look) => void;
  reset: () => void;
}

const SLIDERS = [
  ["roughness", "Roughness"],
  ["metalness", "Metalness"],
  ["opacity", "Opacity"],
] as const;

function Editor(props: { surface: Surface; look: Look; onChange: (look: Look) => void }) {
  const { look, onChange } = props;
  const color = useId();
  return (
    <div className="vams-material-editor">
      {look.color !== null && (
        <div className="vams-panel-row">
          <label htmlFor={color}>Colour</label>
          <input
            id={color}
            type="color"
            value={look.color}
            onChange={(event) => onChange({ ...look, color: event.target.value })}
          />
          {props.surface.pictures > 0 && (
            <span className="vams-panel-hint">
              mixed with {plural(props.surface.pictures, "picture")}
            </span>
          )}
        </div>
      )}
      {SLIDERS.map(([name, label]) => {
        const value = look[name];
        return (
          value !== null && (
            <FormField key={name} label={label}>
              <Slider
                ariaLabel={label}
                min={0}
                max={100}
                value={Math.round(value * 100)}
                valueFormatter={(percent) => `${percent} %`}
                onChange={({ detail }) => onChange({ ...look, [name]: detail.value / 100 })}
              />
            </FormField>
          )
        );
      })}
    </div>
  );
}

export function MaterialsPanel({ state }: { state: MaterialsState }) {
  const { surfaces } = state;
  const [open, setOpen] = useState<string | null>(surfaces[0]?.id ?? null);
  if (surfaces.length === 0) return <p className="vams-panel-hint">This model has no materials.</p>;
  return (
    <>
      <ul className="vams-materials">
        {surfaces.map((surface) => {
          const look = state.looks.get(surface.id) ?? surface.look;
          const chosen = surface.id === open;
          return (
            <li key={surface.id}>
              <button
                type="button"
                className="vams-material"
                aria-expanded={chosen}
                onClick={() => setOpen(chosen ? null : surface.id)}
              >
                <span
                  className="vams-material-colour"
                  aria-hidden="true"
                  style={{ background: look.color ?? "transparent", opacity: look.opacity }}
                />
                <span className="vams-part-name">{surface.name}</span>
                <span className="vams-part-count">{plural(surface.uses, "part")}</span>
              </button>
              {chosen && (
                <Editor
                  surface={surface}
                  look={look}
                  onChange={(next) => state.change(surface.id, next)}
                />
              )}
            </li>
          );
        })}
      </ul>
      <div className="vams-panel-row">
        <Button disabled={state.looks.size === 0} onClick={state.reset}>
          As in the file
        </Button>
      </div>
      <p className="vams-panel-hint">Changes are for looking only: the file stays as it is.</p>
    </>
  );
}
