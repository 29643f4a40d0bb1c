// How fast something goes and how long it will take, from what was seen in the last seconds.

const WINDOW = 12_000;

export class Rate {
  private samples: { at: number; bytes: number }[] = [];

  add(at: number, bytes: number): void {
    this.samples.push({ at, bytes });
    while ((this.samples[0]?.at ?? at) < at - WINDOW) this.samples.shift();
  }

  clear(): void {
    this.samples = [];
  }

  /** Bytes in a second; null as long as too little is known. */
  perSecond(): number | null {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 1_000) return null;
    return Math.max(0, (1000 * (last.bytes - first.bytes)) / (last.at - first.at));
  }
}

export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  const hours = Math.floor(seconds / 3600);
  return `${hours} h ${Math.round((seconds - hours * 3600) / 60)} min`;
}
