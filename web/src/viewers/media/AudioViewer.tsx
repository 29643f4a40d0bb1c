// Sounds in the formats that browsers play, with their waveform above the browser's own controls.
import { useEffect, useState } from "react";
import { nameOf } from "../../ui/format";
import type { ViewerFile, ViewerProps } from "../registry";
import { Failure } from "../shared/Failure";
import { CannotShow, useAddress } from "../shared/file";
import { Waiting } from "../shared/Frame";
import { Speed } from "./Speed";
import { Waveform } from "./Waveform";
import "./media.css";

/** Longer ones play as well; their waveform would need all of the sound in memory. */
const WAVEFORM_BYTES = 60_000_000;

export default function AudioViewer({ files }: ViewerProps) {
  const [file] = files;
  return file === undefined ? null : <Shown key={file.path} file={file} />;
}

function Shown({ file }: { file: ViewerFile }) {
  const address = useAddress(file);
  const [broken, setBroken] = useState(false);
  const [audio, setAudio] = useState<HTMLAudioElement | null>(null);
  const [speed, setSpeed] = useState(1);
  const name = nameOf(file.path);
  useEffect(() => {
    if (audio !== null) audio.playbackRate = speed;
  }, [audio, speed]);
  const failure =
    address.error ??
    (broken
      ? new CannotShow(`${name} is damaged, or is of a kind that this browser does not play.`)
      : null);
  if (failure !== null) return <Failure error={failure} />;
  if (address.data === undefined)
    return (
      <div className="vams-player">
        <Waiting />
      </div>
    );
  return (
    <section className="vams-player" aria-label={`Sound ${name}`}>
      {audio !== null && (file.size ?? 0) <= WAVEFORM_BYTES && <Waveform audio={audio} />}
      <audio
        ref={setAudio}
        controls
        preload="metadata"
        src={address.data}
        aria-label={name}
        onError={() => setBroken(true)}
      />
      <Speed speed={speed} onChange={setSpeed} />
    </section>
  );
}
