// Films frame by frame: how long a frame is seen is found out while the film plays.

/** Until a film has played a little. */
const GUESS = 1 / 25;
const LEAST = 1 / 240;
const MOST = 1 / 5;

export class FrameClock {
  private readonly gaps: number[] = [];
  private before: number | null = null;

  /** The time in the film of a frame that was shown while it played. */
  add(time: number): void {
    const gap = this.before === null ? 0 : time - this.before;
    this.before = time;
    if (gap < LEAST || gap > MOST) return;
    this.gaps.push(gap);
    if (this.gaps.length > 60) this.gaps.shift();
  }

  /** After a jump the next gap says nothing. */
  jump(): void {
    this.before = null;
  }

  /** Seconds; the shortest of most gaps, because browsers leave frames out. */
  get length(): number {
    if (this.gaps.length < 3) return GUESS;
    const sorted = [...this.gaps].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 4)] ?? GUESS;
  }

  get known(): boolean {
    return this.gaps.length >= 3;
  }
}

/** The middle of the frame before or after, so that rounding does not meet its neighbour. */
export function stepped(time: number, frames: number, length: number, duration: number): number {
  const frame = Math.floor(time / length + 1e-6) + frames;
  const last = Number.isFinite(duration) ? duration : Infinity;
  return Math.min(last, Math.max(0, (frame + 0.5) * length));
}

/** "1:02:03.4", for people. */
export function clockText(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (parts[0] === 0) parts.shift();
  const [first = 0, ...rest] = parts;
  const tenths = Math.floor((seconds - whole) * 10);
  return `${[first, ...rest.map((part) => String(part).padStart(2, "0"))].join(":")}.${tenths}`;
}
