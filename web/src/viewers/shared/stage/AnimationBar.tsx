// Plays what moves in a model: which, from where, and whether.
import Button from "@cloudscape-design/components/button";
import { useEffect, useRef, useState } from "react";
import type { Model } from "./model";
import { Player } from "./player";
import type { Stage } from "./Stage";

const seconds = (time: number) => `${time.toFixed(1)} s`;

export function AnimationBar({ stage, models }: { stage: Stage; models: Model[] }) {
  const [player, setPlayer] = useState<Player | null>(null);
  const [current, setCurrent] = useState(0);
  const [playing, setPlaying] = useState(false);
  const time = useRef<HTMLInputElement>(null);
  const said = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    // Not through React, many times a second.
    const made = new Player(stage, models, (now) => {
      if (time.current !== null) {
        time.current.value = String(now);
        time.current.setAttribute("aria-valuetext", seconds(now));
      }
      if (said.current !== null) said.current.textContent = seconds(now);
    });
    setPlayer(made);
    setPlaying(false);
    setCurrent(0);
    return () => made.dispose();
  }, [stage, models]);
  useEffect(() => player?.play(playing), [player, playing]);
  if (player === null || player.clips.length === 0) return null;
  return (
    <div className="vams-animation" role="group" aria-label="Animation">
      <Button
        variant="icon"
        iconName={playing ? "pause" : "play"}
        ariaLabel={playing ? "Pause the animation" : "Play the animation"}
        onClick={() => setPlaying(!playing)}
      />
      {player.clips.length > 1 && (
        <select
          aria-label="Animation"
          value={current}
          onChange={(event) => {
            setCurrent(Number(event.target.value));
            player.choose(Number(event.target.value));
          }}
        >
          {player.clips.map((clip, index) => (
            <option key={index} value={index}>
              {clip.name}
            </option>
          ))}
        </select>
      )}
      <input
        ref={time}
        type="range"
        aria-label="Moment"
        min={0}
        max={player.clips[current]?.seconds ?? 0}
        step={0.01}
        defaultValue={0}
        onInput={(event) => {
          setPlaying(false);
          player.seek(Number(event.currentTarget.value));
        }}
      />
      <span ref={said} className="vams-animation-time" aria-hidden="true">
        {seconds(0)}
      </span>
    </div>
  );
}
