// A picture without tools, for pages that show several together.
import { useEffect, useRef, useState, type CSSProperties } from "react";
import { extensionOf, nameOf } from "../../ui/format";
import { DECODED_IMAGES } from "../../ui/kinds";
import type { ViewerFile } from "../registry";
import { Failure } from "../shared/Failure";
import { CannotShow, useAddress, useContent } from "../shared/file";
import { Waiting } from "../shared/Frame";
import { decodeInWorker } from "./decode";
import { develop, firstDevelopment } from "./raster";
import type { Extent } from "./view";

const LIMIT = 200_000_000;

export interface StillProps {
  file: ViewerFile;
  alt: string;
  className: string;
  style: CSSProperties;
  onSize: (size: Extent) => void;
}

export function Still(props: StillProps) {
  const Shown = DECODED_IMAGES.has(extensionOf(props.file.path)) ? Decoded : Native;
  return <Shown {...props} />;
}

function Failed({ error }: { error: unknown }) {
  return (
    <div className="vams-viewer-note">
      <Failure error={error} />
    </div>
  );
}

function Native({ file, alt, className, style, onSize }: StillProps) {
  const address = useAddress(file);
  const [broken, setBroken] = useState(false);
  if (address.error !== null) return <Failed error={address.error} />;
  if (broken)
    return (
      <Failed
        error={new CannotShow(`${nameOf(file.path)} is damaged, or is not what its name says.`)}
      />
    );
  if (address.data === undefined) return <Waiting />;
  return (
    <img
      src={address.data}
      alt={alt}
      className={className}
      style={style}
      draggable={false}
      onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
        onSize({ width: naturalWidth, height: naturalHeight })
      }
      onError={() => setBroken(true)}
    />
  );
}

function Decoded({ file, alt, className, style, onSize }: StillProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const content = useContent("raster", file, LIMIT, (bytes, signal) =>
    decodeInWorker(nameOf(file.path), { extension: extensionOf(file.path), bytes }, signal),
  );
  const raster = content.data;
  const told = useRef(onSize);
  told.current = onSize;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || raster === undefined) return;
    const shown = develop(raster, firstDevelopment(raster));
    context.putImageData(new ImageData(shown, raster.width, raster.height), 0, 0);
    told.current(raster);
  }, [raster]);
  if (content.error !== null) return <Failed error={content.error} />;
  if (raster === undefined) return <Waiting />;
  return (
    <canvas
      ref={canvas}
      role="img"
      aria-label={alt}
      className={className}
      style={style}
      width={raster.width}
      height={raster.height}
    />
  );
}
