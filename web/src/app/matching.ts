// How well typed letters fit a name. 0: not at all.

function scoreOf(needle: string, name: string): number {
  const at = name.indexOf(needle);
  if (at === 0) return 100 - Math.min(50, name.length - needle.length);
  if (at > 0) return (/[\s\-_./]/.test(name[at - 1] ?? "") ? 45 : 30) - Math.min(20, at / 4);
  // The letters in their order, with gaps.
  let from = 0;
  for (const letter of needle) {
    const next = name.indexOf(letter, from);
    if (next < 0) return 0;
    from = next + 1;
  }
  return needle.length >= 2 ? 5 : 0;
}

export function match(typed: string, name: string, words = ""): number {
  const needle = typed.trim().toLowerCase();
  if (needle === "") return 1;
  const own = scoreOf(needle, name.toLowerCase());
  return own > 0 ? own : words.toLowerCase().includes(needle) ? 8 : 0;
}
