// Files of points of a hill: twenty thousand places whose height, colour, intensity and class are known.

export const SIDE = 140;
export const COUNT = SIDE * SIDE;

/** In metres, far from the origin as surveys are. */
export function point(index) {
  const [i, j] = [index % SIDE, Math.floor(index / SIDE)];
  const [u, v] = [i / (SIDE - 1), j / (SIDE - 1)];
  const z = 12 * Math.sin(u * Math.PI) * Math.sin(v * Math.PI);
  const edge = Math.min(u, v, 1 - u, 1 - v);
  return {
    x: 402_100 + u * 60,
    y: 5_623_400 + v * 60,
    z: 80 + z,
    colour: [60 + u * 180, 200 - z * 12, 60 + v * 180].map(Math.round),
    intensity: Math.round(u * 60_000),
    kind: edge < 0.1 ? 9 : z > 8 ? 6 : 2,
  };
}

/** The header of LAS 1.2 and points of format 2, with colours of 16 bits. */
export function lasFile(count = COUNT) {
  const [header, length] = [227, 26];
  const view = new DataView(new ArrayBuffer(header + length * COUNT));
  new Uint8Array(view.buffer).set(new TextEncoder().encode("LASF"));
  view.setUint8(24, 1);
  view.setUint8(25, 2);
  view.setUint16(94, header, true);
  view.setUint32(96, header, true);
  view.setUint8(104, 2);
  view.setUint16(105, length, true);
  view.setUint32(107, COUNT, true);
  for (let axis = 0; axis < 3; ++axis) view.setFloat64(131 + axis * 8, 0.001, true);
  const offset = [402_000, 5_623_000, 0];
  offset.forEach((value, axis) => view.setFloat64(155 + axis * 8, value, true));
  for (let index = 0; index < COUNT; ++index) {
    const at = header + index * length;
    const { x, y, z, colour, intensity, kind } = point(index);
    [x, y, z].forEach((value, axis) =>
      view.setInt32(at + axis * 4, Math.round((value - offset[axis]) * 1000), true),
    );
    view.setUint16(at + 12, intensity, true);
    view.setUint8(at + 15, kind);
    colour.forEach((value, channel) => view.setUint16(at + 20 + channel * 2, value * 257, true));
  }
  return new Uint8Array(view.buffer, 0, header + length * count);
}

/** `data`: "ascii" or "binary". */
export function pcdFile(data, count = COUNT) {
  const header = [
    "# .PCD v0.7",
    "VERSION 0.7",
    "FIELDS x y z rgb intensity",
    "SIZE 4 4 4 4 4",
    "TYPE F F F U F",
    "COUNT 1 1 1 1 1",
    `WIDTH ${COUNT}`,
    "HEIGHT 1",
    "VIEWPOINT 0 0 0 1 0 0 0",
    `POINTS ${COUNT}`,
    `DATA ${data}`,
    "",
  ].join("\n");
  const row = (index) => {
    const { x, y, z, colour, intensity } = point(index);
    const rgb = (colour[0] << 16) | (colour[1] << 8) | colour[2];
    return [x - 402_000, y - 5_623_000, z, rgb, intensity];
  };
  const rows = Array.from({ length: count }, (_, index) => row(index));
  const head = new TextEncoder().encode(header);
  if (data === "ascii")
    return new TextEncoder().encode(header + rows.map((one) => `${one.join(" ")}\n`).join(""));
  const view = new DataView(new ArrayBuffer(count * 20));
  rows.forEach((one, index) =>
    one.forEach((value, field) => {
      const at = index * 20 + field * 4;
      if (field === 3) view.setUint32(at, value, true);
      else view.setFloat32(at, value, true);
    }),
  );
  return new Uint8Array([...head, ...new Uint8Array(view.buffer)]);
}

export function xyzFile() {
  const line = (index) => {
    const { x, y, z, colour } = point(index);
    return `${x.toFixed(3)} ${y.toFixed(3)} ${z.toFixed(3)} ${colour.join(" ")}`;
  };
  return `${Array.from({ length: COUNT }, (_, index) => line(index)).join("\n")}\n`;
}
