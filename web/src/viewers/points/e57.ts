// Scans of E57 files: pages with check sums, a description in XML, and packets with a stream of bits for
// each number of a point. Pictures inside such files are not read.
import type { Colour, Read, Records } from "./cloud";
import { childOf, numberOf, parseXml, type Element } from "./xml";

const HEADER = 48;
const CHECK_SUM = 4;
const SECTION_HEADER = 32;
const MAX_NUMBERS = 200;

/** Without the check sums at the ends of the pages, and with places counted accordingly. */
interface Content {
  view: DataView<ArrayBuffer>;
  bytes: Uint8Array<ArrayBuffer>;
  place: (physical: number) => number;
}

const damaged = (what: string) => new SyntaxError(`its ${what} are damaged`);

function contentOf(file: Uint8Array<ArrayBuffer>): { content: Content; xml: string } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const mark = new TextDecoder("latin1").decode(file.subarray(0, 8));
  if (file.length < HEADER || mark !== "ASTM-E57")
    throw new SyntaxError("it does not begin as an E57 file does");
  const long = (at: number) => Number(view.getBigUint64(at, true));
  const [whole, xmlAt, xmlLength, page] = [long(16), long(24), long(32), long(40)];
  if (whole > file.length)
    throw new RangeError(
      `it ends after ${file.length.toLocaleString("en-GB")} of its ${whole.toLocaleString("en-GB")} bytes`,
    );
  if (!(page > CHECK_SUM && page <= 1 << 20)) throw damaged("pages");
  const inside = page - CHECK_SUM;
  const pages = Math.ceil(file.length / page);
  const bytes = new Uint8Array(pages * inside);
  for (let i = 0; i < pages; ++i) bytes.set(file.subarray(i * page, i * page + inside), i * inside);
  const place = (physical: number) => physical - Math.floor(physical / page) * CHECK_SUM;
  const xmlFrom = place(xmlAt);
  if (xmlFrom + xmlLength > bytes.length) throw damaged("descriptions");
  const xml = new TextDecoder().decode(bytes.subarray(xmlFrom, xmlFrom + xmlLength));
  return { content: { view: new DataView(bytes.buffer), bytes, place }, xml };
}

interface Stream {
  name: string;
  /** Of the point with an index. */
  read: (index: number) => number;
  /** The most that it may be, if its description says so. */
  most: number | undefined;
}

function bitsReader(bytes: Uint8Array, bits: number): (index: number) => number {
  return (index) => {
    let [byte, skip, left] = [Math.floor((index * bits) / 8), (index * bits) % 8, bits];
    let [value, weight] = [0, 1];
    while (left > 0) {
      const take = Math.min(8 - skip, left);
      value += (((bytes[byte++] ?? 0) >> skip) & ((1 << take) - 1)) * weight;
      weight *= 2 ** take;
      left -= take;
      skip = 0;
    }
    return value;
  };
}

/** How a number is stored: its width, and what its bits mean. */
function codingOf(field: Element): { bits: number; stream: (bytes: Uint8Array) => Stream } {
  const { name, attributes } = field;
  const given = (key: string, otherwise: number) => Number(attributes.get(key) ?? otherwise);
  const kind = attributes.get("type");
  const most = attributes.has("maximum") ? given("maximum", 0) : undefined;
  if (kind === "Float") {
    const single = attributes.get("precision") === "single";
    const stream = (bytes: Uint8Array) => {
      const view = new DataView(bytes.buffer);
      const read = single
        ? (index: number) => view.getFloat32(index * 4, true)
        : (index: number) => view.getFloat64(index * 8, true);
      return { name, read, most };
    };
    return { bits: single ? 32 : 64, stream };
  }
  if (kind !== "Integer" && kind !== "ScaledInteger")
    throw new SyntaxError(`its points have a “${name}” that is no number`);
  const [low, high] = [given("minimum", -(2 ** 63)), given("maximum", 2 ** 63)];
  const bits = high > low ? Math.min(64, Math.floor(Math.log2(high - low)) + 1) : 0;
  const [scale, offset] = kind === "Integer" ? [1, 0] : [given("scale", 1), given("offset", 0)];
  const stream = (bytes: Uint8Array) => {
    const raw = bitsReader(bytes, bits);
    return { name, read: (index: number) => (low + raw(index)) * scale + offset, most };
  };
  return { bits, stream };
}

/** The pieces of each stream, put together. */
function streamsIn(content: Content, from: number, until: number, count: number): Uint8Array[] {
  const { view, bytes } = content;
  const pieces: Uint8Array[][] = Array.from({ length: count }, () => []);
  for (let at = from; at + 4 <= until;) {
    const length = view.getUint16(at + 2, true) + 1;
    if (at + length > bytes.length) throw damaged("packets");
    if (view.getUint8(at) === 1) {
      if (view.getUint16(at + 4, true) !== count) throw damaged("packets");
      let begin = at + 6 + count * 2;
      for (const [index, list] of pieces.entries()) {
        const size = view.getUint16(at + 6 + index * 2, true);
        list.push(bytes.subarray(begin, begin + size));
        begin += size;
      }
      if (begin > at + length) throw damaged("packets");
    }
    at += length;
  }
  return pieces.map((list) => {
    const whole = new Uint8Array(list.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of list) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  });
}

function streamsOf(content: Content, points: Element, count: number): Map<string, Stream> {
  const fields = childOf(points, "prototype")?.children ?? [];
  if (fields.length === 0 || fields.length > MAX_NUMBERS) throw damaged("descriptions");
  const codings = fields.map(codingOf);
  const at = content.place(Number(points.attributes.get("fileOffset")));
  if (!(at >= 0 && at + SECTION_HEADER <= content.bytes.length)) throw damaged("descriptions");
  const long = (from: number) => Number(content.view.getBigUint64(from, true));
  const until = Math.min(at + long(at + 8), content.bytes.length);
  const streams = streamsIn(content, content.place(long(at + 16)), until, fields.length);
  return new Map(
    codings.map(({ bits, stream }, index) => {
      const bytes = streams[index] ?? new Uint8Array();
      if (bytes.length * 8 < bits * count)
        throw new RangeError("it holds fewer points than it says");
      const made = stream(bytes);
      return [made.name, made];
    }),
  );
}

type Place = [Read, Read, Read];

function placeOf(get: (name: string) => Read | undefined): Place {
  const [x, y, z] = ["cartesianX", "cartesianY", "cartesianZ"].map(get);
  if (x !== undefined && y !== undefined && z !== undefined) return [x, y, z];
  const [range, around, above] = ["Range", "Azimuth", "Elevation"].map((name) =>
    get(`spherical${name}`),
  );
  if (range === undefined || around === undefined || above === undefined)
    throw new SyntaxError("its points have no x, y and z");
  return [
    () => range() * Math.cos(above()) * Math.cos(around()),
    () => range() * Math.cos(above()) * Math.sin(around()),
    () => range() * Math.sin(above()),
  ];
}

/** Where the scanner stood, and how it was turned. */
function posed([x, y, z]: Place, pose: Element | undefined): Place {
  if (pose === undefined) return [x, y, z];
  const turn = childOf(pose, "rotation");
  const move = childOf(pose, "translation");
  const [w, i, j, k] = [
    numberOf(turn, "w") ?? 1,
    numberOf(turn, "x") ?? 0,
    numberOf(turn, "y") ?? 0,
    numberOf(turn, "z") ?? 0,
  ];
  const row = (a: number, b: number, c: number, axis: string): Read => {
    const shift = numberOf(move, axis) ?? 0;
    return () => a * x() + b * y() + c * z() + shift;
  };
  return [
    row(1 - 2 * (j * j + k * k), 2 * (i * j - k * w), 2 * (i * k + j * w), "x"),
    row(2 * (i * j + k * w), 1 - 2 * (i * i + k * k), 2 * (j * k - i * w), "y"),
    row(2 * (i * k - j * w), 2 * (j * k + i * w), 1 - 2 * (i * i + j * j), "z"),
  ];
}

function scanRecords(content: Content, scan: Element): Records | null {
  const points = childOf(scan, "points");
  const count = Number(points?.attributes.get("recordCount") ?? 0);
  if (points === undefined || count === 0) return null;
  if (!Number.isSafeInteger(count) || count < 0) throw damaged("descriptions");
  const streams = streamsOf(content, points, count);
  let index = 0;
  const get = (name: string): Read | undefined => {
    const stream = streams.get(name);
    return stream && (() => stream.read(index));
  };
  const invalid = get("cartesianInvalidState") ?? get("sphericalInvalidState");
  const [red, green, blue] = ["colorRed", "colorGreen", "colorBlue"].map(get);
  const full = streams.get("colorRed")?.most;
  const colour: Colour | undefined =
    red === undefined || green === undefined || blue === undefined
      ? undefined
      : { red, green, blue, ...(full === undefined || full === 0 ? {} : { full }) };
  const [x, y, z] = posed(placeOf(get), childOf(scan, "pose"));
  const move = (to: number) => {
    index = to;
    return invalid === undefined || invalid() === 0;
  };
  return { count, move, x, y, z, colour, intensity: get("intensity") };
}

/** One after the other, as if they were one. */
function joined(scans: Records[]): Records {
  let present = scans[0];
  const from = (pick: (scan: Records) => Read | undefined): Read => {
    return () => (present === undefined ? 0 : (pick(present)?.() ?? 0));
  };
  const move = (index: number) => {
    let rest = index;
    for (const scan of scans) {
      present = scan;
      if (rest < scan.count) return scan.move(rest);
      rest -= scan.count;
    }
    return false;
  };
  const coloured = scans.find((scan) => scan.colour !== undefined)?.colour;
  return {
    count: scans.reduce((sum, scan) => sum + scan.count, 0),
    move,
    x: from((scan) => scan.x),
    y: from((scan) => scan.y),
    z: from((scan) => scan.z),
    colour: coloured && {
      ...coloured,
      red: from((scan) => scan.colour?.red),
      green: from((scan) => scan.colour?.green),
      blue: from((scan) => scan.colour?.blue),
    },
    intensity: scans.some((scan) => scan.intensity) ? from((scan) => scan.intensity) : undefined,
  };
}

export function readE57(bytes: Uint8Array<ArrayBuffer>): Records {
  const { content, xml } = contentOf(bytes);
  const scans = (childOf(parseXml(xml), "data3D")?.children ?? []).flatMap(
    (scan) => scanRecords(content, scan) ?? [],
  );
  if (scans.length === 0) throw new RangeError("it holds no points");
  return joined(scans);
}
