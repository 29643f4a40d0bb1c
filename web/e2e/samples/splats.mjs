// Splats of a ball whose colour changes from its bottom to its top.

import { gzipSync } from "node:zlib";

const COUNT = 4000;
const CONSTANT_LIGHT = 0.28209479177387814;

function splat(index) {
  const z = 1 - (2 * index + 1) / COUNT;
  const [radius, turn] = [Math.sqrt(1 - z * z), index * 2.399963];
  const centre = [radius * Math.cos(turn), z, radius * Math.sin(turn)];
  const colour = [0.5 + 0.5 * z, 0.35 + 0.3 * Math.cos(turn * 3) * radius, 0.5 - 0.5 * z];
  return { centre, colour, size: 0.045 };
}

export function splatFile(bytes = COUNT * 32) {
  const view = new DataView(new ArrayBuffer(COUNT * 32));
  for (let index = 0; index < COUNT; ++index) {
    const at = index * 32;
    const { centre, colour, size } = splat(index);
    centre.forEach((value, axis) => view.setFloat32(at + axis * 4, value, true));
    for (let axis = 0; axis < 3; ++axis) view.setFloat32(at + 12 + axis * 4, size, true);
    [...colour, 1].forEach((value, channel) => view.setUint8(at + 24 + channel, value * 255));
    [1, 0, 0, 0].forEach((value, part) => view.setUint8(at + 28 + part, 128 + value * 127));
  }
  return new Uint8Array(view.buffer, 0, bytes);
}

export function splatPly(count = COUNT) {
  const names =
    "x y z nx ny nz f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 rot_3";
  const header = [
    "ply",
    "format binary_little_endian 1.0",
    `element vertex ${COUNT}`,
    ...names.split(" ").map((name) => `property float ${name}`),
    "end_header",
    "",
  ].join("\n");
  const rows = new Float32Array(count * 17);
  for (let index = 0; index < count; ++index) {
    const { centre, colour, size } = splat(index);
    const light = colour.map((value) => (value - 0.5) / CONSTANT_LIGHT);
    const scale = Math.log(size);
    rows.set([...centre, 0, 0, 0, ...light, 6, scale, scale, scale, 1, 0, 0, 0], index * 17);
  }
  return new Uint8Array([...new TextEncoder().encode(header), ...new Uint8Array(rows.buffer)]);
}

/** Packed as scanners of phones do: fixed points of 24 bits, everything else in bytes. */
export function spzFile() {
  const all = Array.from({ length: COUNT }, (_, index) => splat(index));
  const fraction = 12;
  const head = new DataView(new ArrayBuffer(16));
  head.setUint32(0, 0x5053474e, true);
  head.setUint32(4, 2, true);
  head.setUint32(8, COUNT, true);
  head.setUint8(13, fraction);
  const byte = (value) => Math.max(0, Math.min(255, Math.round(value)));
  const fixed = (value) => {
    const whole = Math.round(value * 2 ** fraction);
    return [whole & 255, (whole >> 8) & 255, (whole >> 16) & 255];
  };
  return gzipSync(
    Uint8Array.from([
      ...new Uint8Array(head.buffer),
      ...all.flatMap(({ centre }) => centre.flatMap(fixed)),
      ...all.map(() => 255),
      ...all.flatMap(({ colour }) =>
        colour.map((value) => byte((((value - 0.5) / CONSTANT_LIGHT) * 0.15 + 0.5) * 255)),
      ),
      ...all.flatMap(({ size }) => [1, 2, 3].map(() => byte((Math.log(size) + 10) * 16))),
      ...all.flatMap(() => [128, 128, 128]),
    ]),
  );
}
