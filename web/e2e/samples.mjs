// Small files of many formats, made here, for tests of what shows them.

function joined(parts) {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}

const le32 = (...values) => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => bytes.writeInt32LE(value, at * 4));
  return bytes;
};
const floats = (...values) => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => bytes.writeFloatLE(value, at * 4));
  return bytes;
};

/** OpenEXR: lines of floats, not compressed. `pixel(x, y)` gives red, green and blue. */
export function exr(width, height, pixel) {
  const attribute = (name, type, data) => [`${name}\0${type}\0`, le32(data.length), data];
  const channel = (name) => joined([`${name}\0`, le32(2), Buffer.alloc(4), le32(1, 1)]);
  const box = le32(0, 0, width - 1, height - 1);
  const head = joined([
    Buffer.from([0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0]),
    ...attribute("channels", "chlist", joined([...["B", "G", "R"].map(channel), "\0"])),
    ...attribute("compression", "compression", Buffer.from([0])),
    ...attribute("dataWindow", "box2i", box),
    ...attribute("displayWindow", "box2i", box),
    ...attribute("lineOrder", "lineOrder", Buffer.from([0])),
    ...attribute("pixelAspectRatio", "float", floats(1)),
    ...attribute("screenWindowCenter", "v2f", floats(0, 0)),
    ...attribute("screenWindowWidth", "float", floats(1)),
    "\0",
  ]);
  const line = 8 + width * 12;
  const offsets = Buffer.alloc(height * 8);
  const lines = [];
  for (let y = 0; y < height; ++y) {
    offsets.writeBigUInt64LE(BigInt(head.length + offsets.length + y * line), y * 8);
    const row = Array.from({ length: width }, (_, x) => pixel(x, y));
    const planes = [2, 1, 0].map((colour) => floats(...row.map((one) => one[colour])));
    lines.push(le32(y, width * 12), ...planes);
  }
  return joined([head, offsets, ...lines]);
}

/** Radiance, without run lengths. */
export function hdr(width, height, pixel) {
  const bytes = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; ++y)
    for (let x = 0; x < width; ++x) {
      const light = pixel(x, y);
      const exponent = Math.ceil(Math.log2(Math.max(...light, 1e-9)));
      const at = (y * width + x) * 4;
      light.forEach((value, colour) => {
        bytes[at + colour] = Math.min(255, Math.round((value / 2 ** exponent) * 255));
      });
      bytes[at + 3] = exponent + 128;
    }
  return joined([`#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y ${height} +X ${width}\n`, bytes]);
}

/**
 * TIFF in one strip, not compressed. `kind`: "rgb8", "grey16" or "float"; `pixel(x, y)` gives as many
 * values as it takes.
 */
export function tiff(width, height, kind, pixel) {
  const samples = kind === "rgb8" ? 3 : 1;
  const bits = { rgb8: 8, grey16: 16, float: 32 }[kind];
  const data = Buffer.alloc((width * height * samples * bits) / 8);
  let at = 0;
  for (let y = 0; y < height; ++y)
    for (let x = 0; x < width; ++x)
      for (const value of pixel(x, y)) {
        if (bits === 8) data.writeUInt8(value, at);
        else if (bits === 16) data.writeUInt16LE(value, at);
        else data.writeFloatLE(value, at);
        at += bits / 8;
      }
  const SHORT = 3;
  const LONG = 4;
  const tags = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    // Three values do not fit into the entry.
    [258, SHORT, samples, samples === 3 ? 8 + data.length : bits],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, samples === 3 ? 2 : 1],
    [273, LONG, 1, 8],
    [277, SHORT, 1, samples],
    [278, LONG, 1, height],
    [279, LONG, 1, data.length],
    ...(kind === "float" ? [[339, SHORT, 1, 3]] : []),
  ];
  const each = Buffer.from([8, 0, 8, 0, 8, 0, 0, 0]);
  const directory = Buffer.alloc(2 + tags.length * 12 + 4);
  directory.writeUInt16LE(tags.length, 0);
  tags.forEach(([tag, type, count, value], index) => {
    const from = 2 + index * 12;
    directory.writeUInt16LE(tag, from);
    directory.writeUInt16LE(type, from + 2);
    directory.writeUInt32LE(count, from + 4);
    directory.writeUInt32LE(value, from + 8);
  });
  return joined(["II*\0", le32(8 + data.length + each.length), data, each, directory]);
}

/** Targa, not compressed, from the top. */
export function tga(width, height, pixel) {
  const head = Buffer.alloc(18);
  head[2] = 2;
  head.writeUInt16LE(width, 12);
  head.writeUInt16LE(height, 14);
  head[16] = 24;
  head[17] = 0x20;
  const data = [];
  for (let y = 0; y < height; ++y)
    for (let x = 0; x < width; ++x) {
      const [red, green, blue] = pixel(x, y);
      data.push(blue, green, red);
    }
  return joined([head, Buffer.from(data)]);
}

/** One channel of 16 bits; `sample(seconds)` is between -1 and 1. */
export function wav(rate, seconds, sample) {
  const count = Math.round(rate * seconds);
  const data = Buffer.alloc(count * 2);
  for (let at = 0; at < count; ++at)
    data.writeInt16LE(Math.round(sample(at / rate) * 32_000), at * 2);
  const format = Buffer.alloc(16);
  format.writeUInt16LE(1, 0);
  format.writeUInt16LE(1, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt32LE(rate * 2, 8);
  format.writeUInt16LE(2, 12);
  format.writeUInt16LE(16, 14);
  return joined([
    ...["RIFF", le32(36 + data.length), "WAVE"],
    ...["fmt ", le32(16), format],
    ...["data", le32(data.length), data],
  ]);
}

/** A JPEG picture whose camera says that it goes all around. */
export function asPanorama(jpeg) {
  const text =
    "http://ns.adobe.com/xap/1.0/\0" +
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
    '<rdf:Description xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" GPano:ProjectionType="equirectangular"/>' +
    "</rdf:RDF></x:xmpmeta>";
  const segment = Buffer.alloc(4);
  segment.writeUInt16BE(0xffe1, 0);
  segment.writeUInt16BE(text.length + 2, 2);
  return joined([jpeg.subarray(0, 2), segment, text, jpeg.subarray(2)]);
}

const CRC = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; ++bit) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** An archive of texts by their names, not compressed. */
function zip(files) {
  const parts = [];
  const entries = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const data = Buffer.from(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = joined(["PK\x03\x04", common, name, data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    entries.push(joined(["PK\x01\x02", Buffer.from([20, 0]), common, rest, name]));
    parts.push(local);
    at += local.length;
  }
  const directory = joined(entries);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return joined([...parts, directory, "PK\x05\x06", end]);
}

/** A workbook: sheets by their names, each with rows of texts and numbers. */
export function xlsx(sheets) {
  const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
  const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const relations = "http://schemas.openxmlformats.org/package/2006/relationships";
  const names = Object.keys(sheets);
  const cell = (value, column, row) => {
    const place = `${String.fromCharCode(65 + column)}${row + 1}`;
    return typeof value === "number"
      ? `<c r="${place}"><v>${value}</v></c>`
      : `<c r="${place}" t="inlineStr"><is><t>${value}</t></is></c>`;
  };
  const files = {
    "[Content_Types].xml": `${head}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>${names.map((_, at) => `<Override PartName="/xl/worksheets/sheet${at + 1}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`).join("")}</Types>`,
    "_rels/.rels": `${head}<Relationships xmlns="${relations}"><Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml": `${head}<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${names.map((name, at) => `<sheet name="${name}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`).join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `${head}<Relationships xmlns="${relations}">${names.map((_, at) => `<Relationship Id="rId${at + 1}" Type="${office}/worksheet" Target="worksheets/sheet${at + 1}.xml"/>`).join("")}</Relationships>`,
  };
  names.forEach((name, at) => {
    const rows = sheets[name].map(
      (row, index) =>
        `<row r="${index + 1}">${row.map((value, column) => cell(value, column, index)).join("")}</row>`,
    );
    files[`xl/worksheets/sheet${at + 1}.xml`] =
      `${head}<worksheet xmlns="${main}"><sheetData>${rows.join("")}</sheetData></worksheet>`;
  });
  return zip(files);
}
