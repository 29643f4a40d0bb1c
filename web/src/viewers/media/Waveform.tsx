// How loud a sound is over its time; a click goes there. Everything that it can do, the controls of the
// browser can do by keys as well.
import { useEffect, useRef, useState } from "react";
import WaveSurfer from "wavesurfer.js";
import { useTheme } from "../../app/theme";
import { formatCount } from "../../ui/format";

interface Facts {
  channels: number;
  rate: number;
}

const colour = (name: string) => getComputedStyle(document.body).getPropertyValue(name).trim();

const colours = () => ({
  waveColor: colour("--vams-control"),
  progressColor: colour("--vams-accent"),
  cursorColor: colour("--vams-text"),
});

export function Waveform({ audio }: { audio: HTMLAudioElement }) {
  const place = useRef<HTMLDivElement>(null);
  const [surfer, setSurfer] = useState<WaveSurfer | null>(null);
  const [state, setState] = useState<"reading" | "shown" | "failed">("reading");
  const [facts, setFacts] = useState<Facts | null>(null);
  const theme = useTheme();
  useEffect(() => {
    if (place.current === null) return;
    const made = WaveSurfer.create({
      container: place.current,
      media: audio,
      height: 120,
      barWidth: 2,
      barGap: 1,
      barRadius: 1,
      normalize: true,
      ...colours(),
    });
    made.on("decode", () => {
      const sound = made.getDecodedData();
      if (sound !== null) setFacts({ channels: sound.numberOfChannels, rate: sound.sampleRate });
      setState("shown");
    });
    // It can still be heard: the player says when it cannot.
    made.on("error", () => setState("failed"));
    setSurfer(made);
    return () => made.destroy();
  }, [audio]);
  useEffect(() => surfer?.setOptions(colours()), [surfer, theme]);
  return (
    <>
      <div
        ref={place}
        className="vams-waveform"
        data-state={state}
        aria-hidden="true"
        hidden={state === "failed"}
      />
      {facts !== null && (
        <div className="vams-viewer-facts">
          <span>
            {facts.channels === 1
              ? "Mono"
              : facts.channels === 2
                ? "Stereo"
                : `${facts.channels} channels`}
          </span>
          <span>Drawn at {formatCount(facts.rate)} Hz</span>
        </div>
      )}
    </>
  );
}
