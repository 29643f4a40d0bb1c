// Pictures: those that the browser understands as they are, the others by a decoder.
import Button from "@cloudscape-design/components/button";
import Select from "@cloudscape-design/components/select";
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState } from "react";
import { fail } from "../../app/flash";
import { extensionOf, nameOf } from "../../ui/format";
import { DECODED_IMAGES } from "../../ui/kinds";
import { saveBlob } from "../../ui/saveText";
import type { ViewerFile, ViewerProps } from "../registry";
import { CannotShow, useAddress, useContent } from "../shared/file";
import { decodeInWorker } from "./decode";
import { HEAD_BYTES, mayBePanorama, saysPanorama } from "./panorama";
import { PictureFrame } from "./PictureFrame";
import {
  colourName,
  develop,
  firstDevelopment,
  TONES,
  tonesOf,
  valueAt,
  type Development,
  type Raster,
} from "./raster";
import type { Extent } from "./view";
import "./image.css";

const LIMIT = 500_000_000;
const STOPS = 10;

export default function ImageViewer({ files }: ViewerProps) {
  const [file] = files;
  if (file === undefined) return null;
  const Shown = DECODED_IMAGES.has(extensionOf(file.path)) ? Decoded : Native;
  return <Shown key={file.path} file={file} />;
}

/** One pixel of what the browser shows. */
function readPixel(image: CanvasImageSource, x: number, y: number): string {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return "";
  context.drawImage(image, x, y, 1, 1, 0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
  return colourName(red, green, blue, alpha);
}

/** Whether the first part of the file calls it a panorama; asked only of pictures of that form. */
function usePanorama(address: string | undefined, size: Extent | null): boolean {
  const [says, setSays] = useState(false);
  const asked = address !== undefined && size !== null && mayBePanorama(size) ? address : null;
  useEffect(() => {
    if (asked === null) return;
    const stop = new AbortController();
    const headers = { Range: `bytes=0-${HEAD_BYTES - 1}` };
    fetch(asked, { headers, signal: stop.signal, credentials: "omit" })
      .then(async (answer) => saysPanorama(new Uint8Array(await answer.arrayBuffer())))
      .then(setSays)
      // It is then a flat picture, which can be turned into one by hand.
      .catch(() => undefined);
    return () => stop.abort();
  }, [asked]);
  return says;
}

function Native({ file }: { file: ViewerFile }) {
  const address = useAddress(file);
  const image = useRef<HTMLImageElement>(null);
  const [size, setSize] = useState<Extent | null>(null);
  const [broken, setBroken] = useState(false);
  const name = nameOf(file.path);
  const panorama = usePanorama(address.data, size);
  return (
    <PictureFrame
      name={name}
      size={size}
      failure={
        address.error ??
        (broken ? new CannotShow(`${name} is damaged, or is not what its name says.`) : null)
      }
      panorama={panorama}
      source={() => image.current}
      content={address.data}
      read={(x, y) => (image.current === null ? "" : readPixel(image.current, x, y))}
      draw={(style) =>
        address.data !== undefined &&
        !broken && (
          <img
            ref={image}
            src={address.data}
            alt={name}
            draggable={false}
            style={style}
            onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
              setSize({ width: naturalWidth, height: naturalHeight })
            }
            onError={() => setBroken(true)}
          />
        )
      }
    />
  );
}

function Exposure(props: { how: Development; raster: Raster; change: (how: Development) => void }) {
  const { how, raster, change } = props;
  const id = useId();
  const options = tonesOf(raster).map((tone) => ({ value: tone, label: TONES[tone] }));
  const stops = `${how.exposure > 0 ? "+" : ""}${how.exposure.toFixed(1)}`;
  return (
    <>
      <div className="vams-exposure">
        <label htmlFor={id}>Exposure</label>
        <input
          id={id}
          type="range"
          min={-STOPS}
          max={STOPS}
          step={0.1}
          value={how.exposure}
          aria-valuetext={`${stops} stops`}
          onChange={(event) => change({ ...how, exposure: event.currentTarget.valueAsNumber })}
        />
        <output htmlFor={id}>{stops}</output>
      </div>
      <Button
        iconName="undo"
        ariaLabel="Exposure as at first"
        disabled={how.exposure === 0}
        onClick={() => change({ ...how, exposure: 0 })}
      />
      <div className="vams-tone">
        <Select
          ariaLabel="Tone"
          inlineLabelText="Tone"
          options={options}
          selectedOption={options.find((option) => option.value === how.tone) ?? null}
          onChange={({ detail }) => {
            const tone = tonesOf(raster).find((one) => one === detail.selectedOption.value);
            if (tone !== undefined) change({ ...how, tone });
          }}
        />
      </div>
    </>
  );
}

function Decoded({ file }: { file: ViewerFile }) {
  const name = nameOf(file.path);
  const content = useContent("raster", file, LIMIT, (bytes, signal) =>
    decodeInWorker(name, { extension: extensionOf(file.path), bytes }, signal),
  );
  const raster = content.data;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [chosen, setChosen] = useState<Development | null>(null);
  const how = chosen ?? (raster === undefined ? null : firstDevelopment(raster));
  const used = useDeferredValue(how);
  const shown = useMemo(
    () => (raster === undefined || used === null ? null : develop(raster, used)),
    [raster, used],
  );
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || raster === undefined || shown === null) return;
    context.putImageData(new ImageData(shown, raster.width, raster.height), 0, 0);
  }, [raster, shown]);
  const save = () =>
    canvas.current?.toBlob((blob) => {
      if (blob === null) fail("The picture cannot be saved", new Error("The browser made none."));
      else saveBlob(`${name}.png`, blob);
    });
  return (
    <PictureFrame
      name={name}
      size={raster ?? null}
      failure={content.error}
      onRetry={() => void content.refetch()}
      panorama={false}
      source={() => canvas.current}
      content={shown}
      read={(x, y) => (raster === undefined ? "" : valueAt(raster, x, y))}
      facts={raster?.facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
      tools={
        raster !== undefined && (
          <>
            {raster.data instanceof Float32Array && how !== null && (
              <Exposure how={how} raster={raster} change={setChosen} />
            )}
            <Button iconName="download" onClick={save}>
              Save as PNG
            </Button>
          </>
        )
      }
      draw={(style) =>
        raster !== undefined && (
          <canvas
            ref={canvas}
            role="img"
            aria-label={name}
            width={raster.width}
            height={raster.height}
            style={style}
          />
        )
      }
    />
  );
}
