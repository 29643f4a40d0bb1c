// Plays what moves in models.
import { AnimationMixer, LoopOnce, type AnimationClip } from "three";
import type { Model } from "./model";
import type { Stage } from "./Stage";

interface Clip {
  name: string;
  seconds: number;
}

interface Track {
  clip: AnimationClip;
  mixer: AnimationMixer;
}

export class Player {
  readonly clips: Clip[];
  private readonly tracks: Track[];
  private readonly stop: () => void;
  private current = 0;
  private time = 0;
  private playing = false;

  constructor(
    private readonly stage: Pick<Stage, "beforeDraw" | "draw">,
    models: readonly Pick<Model, "object">[],
    private readonly onTime: (seconds: number) => void,
  ) {
    this.tracks = models.flatMap(({ object }) => {
      if (object.animations.length === 0) return [];
      const mixer = new AnimationMixer(object);
      return object.animations.map((clip) => ({ clip, mixer }));
    });
    this.clips = this.tracks.map(({ clip }, index) => ({
      name: clip.name || `Animation ${index + 1}`,
      seconds: clip.duration,
    }));
    this.stop = stage.beforeDraw((seconds) => this.advance(seconds));
  }

  private advance(seconds: number): boolean {
    if (!this.playing) return false;
    const length = this.clips[this.current]?.seconds ?? 0;
    this.seek(length > 0 ? (this.time + seconds) % length : 0);
    return true;
  }

  choose(index: number): void {
    for (const { mixer } of this.tracks) mixer.stopAllAction();
    this.current = index;
    this.seek(0);
  }

  play(on: boolean): void {
    this.playing = on;
    this.stage.draw();
  }

  /** Shows the moment. */
  seek(seconds: number): void {
    const track = this.tracks[this.current];
    if (track === undefined) return;
    this.time = Math.max(0, Math.min(seconds, track.clip.duration));
    const action = track.mixer.clipAction(track.clip);
    // The end is a moment of its own, and not the beginning again.
    action.setLoop(LoopOnce, 1).clampWhenFinished = true;
    action.reset().play();
    track.mixer.setTime(this.time);
    this.onTime(this.time);
    this.stage.draw();
  }

  /** Leaves the models as they were read. */
  dispose(): void {
    this.stop();
    for (const { mixer } of this.tracks) {
      mixer.stopAllAction();
      mixer.uncacheRoot(mixer.getRoot());
    }
  }
}
