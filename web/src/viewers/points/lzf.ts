// The compression of PCD files: runs of plain bytes, and repetitions of what came before.

const damaged = () => new RangeError("its compressed points are damaged");

export function expandLzf(packed: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  // Nothing packed in this way becomes more than this many times as large.
  if (size > packed.length * 300) throw damaged();
  const whole = new Uint8Array(size);
  let from = 0;
  let to = 0;
  const next = () => {
    const byte = packed[from++];
    if (byte === undefined) throw damaged();
    return byte;
  };
  while (from < packed.length) {
    const control = next();
    if (control < 32) {
      const length = control + 1;
      if (from + length > packed.length || to + length > size) throw damaged();
      whole.set(packed.subarray(from, from + length), to);
      from += length;
      to += length;
      continue;
    }
    const long = control >> 5;
    const length = (long === 7 ? next() + 7 : long) + 2;
    const back = ((control & 31) << 8) + next() + 1;
    if (back > to || to + length > size) throw damaged();
    // Byte by byte, because a repetition may reach into itself.
    for (let i = 0; i < length; ++i, ++to) whole[to] = whole[to - back] ?? 0;
  }
  if (to !== size) throw damaged();
  return whole;
}
