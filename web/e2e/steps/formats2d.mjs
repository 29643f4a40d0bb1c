// Pictures, tables, pages, notebooks, sounds and films of formats that the demonstration library does not
// hold: each is made here, uploaded, and looked at.
import { readFileSync } from "node:fs";
import { WAIT } from "../kit.mjs";
import { asPanorama, exr, hdr, tga, tiff, wav, xlsx } from "../samples.mjs";

const FOLDER = "/databases/e2e-formats/assets/formats";
const SURFACE = ".vams-viewer-body";

const kept = (name) =>
  Buffer.from(
    readFileSync(new URL(`../samples/${name}.base64`, import.meta.url), "utf8"),
    "base64",
  );

/** Made by the page that the browser shows. */
async function jpegPanorama(page) {
  const data = await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    canvas.width = 1024;
    canvas.height = 512;
    const context = canvas.getContext("2d");
    // Ahead is red, to the right green, behind blue, to the left yellow; white above, black below.
    for (const [at, colour] of ["#00f", "#ff0", "#f00", "#0f0"].entries()) {
      context.fillStyle = colour;
      context.fillRect(((at * 256 - 128 + 1024) % 1024) - 0, 0, 256, 512);
      if (at === 0) context.fillRect(0, 0, 128, 512);
    }
    context.fillStyle = "#fff";
    context.fillRect(0, 0, 1024, 60);
    context.fillStyle = "#000";
    context.fillRect(0, 452, 1024, 60);
    return canvas.toDataURL("image/jpeg", 0.95).split(",")[1];
  });
  return asPanorama(Buffer.from(data, "base64"));
}

/** Two seconds of a square that goes from left to right; null where the browser records nothing. */
async function film(page) {
  const data = await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    canvas.width = 320;
    canvas.height = 180;
    const context = canvas.getContext("2d");
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm" });
    const parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    const ended = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start();
    const from = performance.now();
    await new Promise((resolve) => {
      const draw = () => {
        const seconds = (performance.now() - from) / 1000;
        context.fillStyle = "#204080";
        context.fillRect(0, 0, 320, 180);
        context.fillStyle = "#ffcc00";
        context.fillRect(seconds * 120, 60, 60, 60);
        if (seconds < 2) requestAnimationFrame(draw);
        else resolve();
      };
      draw();
    });
    recorder.stop();
    await ended;
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  });
  return Buffer.from(data, "base64");
}

const NOTEBOOK = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { language_info: { name: "python" } },
  cells: [
    { cell_type: "markdown", source: ["# Quay wall\n", "What the scan **says**."] },
    {
      cell_type: "code",
      execution_count: 3,
      source: ["import pandas as pd\n", "frame = pd.DataFrame({'load': [1.5, 2.5]})\n", "frame"],
      outputs: [
        { output_type: "stream", name: "stdout", text: ["read 2 rows\n"] },
        {
          output_type: "execute_result",
          data: {
            "text/html":
              "<table><thead><tr><th>load</th></tr></thead><tbody><tr><td>1.5</td></tr></tbody></table>" +
              '<img src="https://elsewhere.example/spy.png"><script>document.title="run"</script>',
          },
        },
        {
          output_type: "error",
          ename: "ValueError",
          evalue: "no such column",
          traceback: ["\u001b[31mValueError\u001b[0m: no such column"],
        },
      ],
    },
  ],
};

const PAGE =
  '<html><head><title>Report</title><link rel="stylesheet" href="https://elsewhere.example/a.css">' +
  "<style>h1{color:#fff;background:#b00020}body{background:url(https://elsewhere.example/b.png)}</style></head>" +
  '<body onload="document.title=1"><h1>Load report</h1><img src="https://elsewhere.example/c.png">' +
  '<p style="background:#00695c;color:#fff">Tested on site.</p><script>parent.document.title="run"</script>' +
  '<form action="https://elsewhere.example/"><button>Send</button></form></body></html>';

const CODE = `import math\n\n\ndef load(radius):\n    """Tonnes at a radius."""\n    return 40 / max(radius, 1)  # flat\n`;

const table = (rows) =>
  `station,height,note\n${Array.from({ length: rows }, (_, row) => `S${row},${(row / 10).toFixed(1)},row ${row}`).join("\n")}\n`;

async function filesFor(page) {
  const ramp = (x, y) => [x / 8, y / 8, 4];
  return {
    "light.exr": exr(64, 32, ramp),
    "light.hdr": hdr(64, 32, ramp),
    "photo.tif": tiff(64, 48, "rgb8", (x, y) => [x * 4, y * 5, 128]),
    "heights.tiff": tiff(64, 48, "float", (x, y) => [100 + x * 10 + y]),
    "texture.tga": tga(64, 48, (x, y) => [255 - x * 4, 60, y * 5]),
    "phone.heic": kept("heic"),
    "around.jpg": await jpegPanorama(page),
    "rows.parquet": kept("parquet"),
    "book.xlsx": xlsx({
      Loads: [
        ["radius", "load"],
        [10, 40],
        [20, 22.5],
      ],
      Winches: [["name"], ["W-1"]],
    }),
    "long.csv": Buffer.from(table(120_000)),
    "report.html": Buffer.from(PAGE),
    "study.ipynb": Buffer.from(JSON.stringify(NOTEBOOK)),
    "load.py": Buffer.from(CODE),
    "tone.wav": wav(8000, 1, (seconds) => Math.sin(seconds * 2765) * (1 - seconds)),
    "move.webm": await film(page),
    "broken.exr": exr(64, 32, ramp).subarray(0, 900),
  };
}

async function send(page, kit, files, name) {
  await kit.open(page, FOLDER);
  await page
    .locator("input[data-picks=files]")
    .first()
    .setInputFiles(
      Object.entries(files).map(([path, buffer]) => ({ name: path, mimeType: "", buffer })),
    );
  const count = Object.keys(files).length;
  const text = count === 1 ? "1 file" : `${count} files`;
  await kit
    .dialog(page)
    .getByRole("button", { name: `Upload ${text}` })
    .click();
  await kit.see(page, `${text} uploaded to ${name}.`);
  await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
}

async function openFile(page, kit, name) {
  await kit.open(page, `${FOLDER}/file/${name}`);
  await page.locator(SURFACE).waitFor({ timeout: WAIT });
}

/** The colour at a part of an element, as [red, green, blue]. */
async function colourAt(page, locator, right, down) {
  const picture = (await locator.screenshot()).toString("base64");
  return page.evaluate(
    async ({ data, right, down }) => {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const { data: pixel } = context.getImageData(
        Math.round(right * image.width),
        Math.round(down * image.height),
        1,
        1,
      );
      return [...pixel.slice(0, 3)];
    },
    { data: picture, right, down },
  );
}

/** Which part of an element, between two of its sides, is not as its lower right corner is. */
async function inkOf(page, locator, from, to) {
  const picture = (await locator.screenshot()).toString("base64");
  return page.evaluate(
    async ({ data, from, to }) => {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const corner = context.getImageData(image.width - 20, image.height - 4, 1, 1).data;
      const left = Math.round(from * image.width);
      const width = Math.round((to - from) * image.width);
      const { data: pixels } = context.getImageData(left, 0, width, image.height);
      let ink = 0;
      for (let at = 0; at < pixels.length; at += 4)
        if (Math.abs(pixels[at] - corner[0]) > 16) ++ink;
      return ink / (pixels.length / 4);
    },
    { data: picture, from, to },
  );
}

/** Until the colour fits, because pictures come when they are decoded and drawn. */
async function colourIs(page, kit, locator, [right, down], fits, what) {
  const end = Date.now() + WAIT;
  let colour = [];
  do {
    colour = await colourAt(page, locator, right, down);
    if (fits(...colour)) return;
    await page.waitForTimeout(200);
  } while (Date.now() < end);
  kit.problem(`${what}: the colour is ${colour.join(", ")}`);
}

const near =
  (...wanted) =>
  (...colour) =>
    colour.every((value, at) => Math.abs(value - wanted[at]) < 24);

export const formats2d = {
  "files of many formats are uploaded": async (page, kit) => {
    const token = await kit.token();
    const buckets = await kit.call("GET", "buckets", undefined, token);
    const [bucket] = buckets.Items ?? buckets.message.Items;
    await kit.call(
      "POST",
      "database",
      {
        databaseId: "e2e-formats",
        description: "Files of many formats",
        defaultBucketId: bucket.bucketId,
      },
      token,
    );
    await kit.call(
      "POST",
      "assets",
      {
        databaseId: "e2e-formats",
        assetId: "formats",
        assetName: "Formats",
        description: "One of each",
        isDistributable: true,
        tags: [],
      },
      token,
    );
    await kit.open(page, FOLDER);
    await send(page, kit, await filesFor(page), "Formats");
  },
  "a picture of light, brighter and darker": async (page, kit) => {
    await openFile(page, kit, "light.exr");
    const picture = page.locator(".vams-image canvas");
    await kit.see(page, "64 × 32 pixels");
    await kit.see(page, "OpenEXR, not compressed");
    const middle = [0.5, 0.5];
    const surface = page.locator(SURFACE);
    await colourIs(page, kit, surface, middle, (red, _, blue) => blue > 200 && red > 150, "EXR");
    await page.getByRole("slider", { name: "Exposure" }).focus();
    for (let step = 0; step < 40; ++step) await page.keyboard.press("ArrowLeft");
    await kit.see(page, "-4.0");
    await colourIs(page, kit, surface, middle, near(165, 115, 165), "dark");
    await kit.themed(page, "viewer-exr");
    // The values of the file, from the top: red and green grow to the right and downwards.
    const box = await picture.boundingBox();
    const scale = Math.min(box.width / 64, box.height / 32);
    await page.mouse.move(
      box.x + box.width / 2 + (10.5 - 32) * scale,
      box.y + box.height / 2 + (2.5 - 16) * scale,
    );
    await kit.see(page, "10, 2: 1.25 0.25 4");
    await page.getByRole("button", { name: /Tone/ }).click();
    await page.getByRole("option", { name: "Plain" }).click();
    await kit.inspect(page, "viewer-exr-plain");
  },
  "a Radiance picture, a Targa one and a photo from a phone": async (page, kit) => {
    const surface = page.locator(SURFACE);
    await openFile(page, kit, "light.hdr");
    await kit.see(page, "Radiance picture");
    await colourIs(page, kit, surface, [0.5, 0.5], (_, __, blue) => blue > 200, "HDR");
    await openFile(page, kit, "texture.tga");
    await colourIs(page, kit, surface, [0.5, 0.5], near(127, 60, 120), "Targa");
    await openFile(page, kit, "phone.heic");
    await colourIs(page, kit, surface, [0.4, 0.5], near(200, 40, 40), "HEIC, left");
    await colourIs(page, kit, surface, [0.6, 0.5], near(40, 60, 200), "HEIC, right");
    await kit.inspect(page, "viewer-heic");
  },
  "TIFF: a photo, and heights as numbers": async (page, kit) => {
    const surface = page.locator(SURFACE);
    await openFile(page, kit, "photo.tif");
    await colourIs(page, kit, surface, [0.5, 0.5], near(128, 120, 128), "TIFF");
    await kit.see(page, "TIFF, 3 × 8 bits");
    await openFile(page, kit, "heights.tiff");
    await colourIs(page, kit, surface, [0.5, 0.5], near(127, 127, 127), "heights");
    const box = await surface.boundingBox();
    await page.mouse.move(box.x + box.width / 2 + 1, box.y + box.height / 2 + 1);
    await kit.see(page, "32, 24: 444");
    await kit.themed(page, "viewer-tiff");
  },
  "a panorama opens by itself, and turns": async (page, kit) => {
    await openFile(page, kit, "around.jpg");
    const view = page.getByRole("img", { name: "Panorama around.jpg" });
    await view.waitFor({ timeout: WAIT });
    const surface = page.locator(SURFACE);
    const middle = [0.5, 0.5];
    await colourIs(page, kit, surface, middle, near(254, 0, 0), "ahead");
    await kit.themed(page, "viewer-panorama");
    await view.focus();
    for (let turn = 0; turn < 15; ++turn) await page.keyboard.press("ArrowRight");
    await colourIs(page, kit, surface, middle, near(0, 255, 1), "to the right");
    for (let turn = 0; turn < 15; ++turn) await page.keyboard.press("ArrowUp");
    await colourIs(page, kit, surface, middle, near(255, 255, 255), "above");
    await page.getByRole("button", { name: "Panorama" }).click();
    await page.getByRole("img", { name: "around.jpg", exact: true }).waitFor({ timeout: WAIT });
    await kit.inspect(page, "viewer-panorama-flat");
  },
  "a damaged picture says so": async (page, kit) => {
    await openFile(page, kit, "broken.exr");
    await kit.see(page, /broken.exr is damaged, too large for a page/);
    await kit.inspect(page, "viewer-damaged");
  },
  "a Parquet table and a workbook": async (page, kit) => {
    await openFile(page, kit, "rows.parquet");
    await page.getByRole("columnheader", { name: "station" }).waitFor({ timeout: WAIT });
    await page.getByRole("cell", { name: "S-002" }).waitFor({ timeout: WAIT });
    await kit.see(page, "1,000 rows");
    await page.getByLabel("Only rows that hold").fill("S-077");
    await kit.see(page, "1 of 1,000 rows");
    await kit.themed(page, "viewer-parquet");
    await openFile(page, kit, "book.xlsx");
    await page.getByRole("cell", { name: "22.5" }).waitFor({ timeout: WAIT });
    await page.getByRole("button", { name: /Sheet/ }).click();
    await page.getByRole("option", { name: "Winches" }).click();
    await page.getByRole("cell", { name: "W-1" }).waitFor({ timeout: WAIT });
    await kit.inspect(page, "viewer-xlsx");
  },
  "a long table scrolls": async (page, kit) => {
    await openFile(page, kit, "long.csv");
    // The view of the last file of this kind may have been another.
    await page.getByRole("button", { name: "Table", exact: true }).click();
    await kit.see(page, "120,000 rows");
    await page.getByRole("table", { name: "long.csv" }).focus();
    await page.keyboard.press("End");
    await page.getByRole("cell", { name: "S119999" }).waitFor({ timeout: WAIT });
    const made = await page.locator(".vams-cells-row").count();
    if (made > 200) kit.problem(`${made} rows of a long table are made at once`);
  },
  "a page runs nothing and fetches nothing": async (page, kit) => {
    await openFile(page, kit, "report.html");
    const inner = page.frameLocator(".vams-page");
    await inner.getByRole("heading", { name: "Load report" }).waitFor({ timeout: WAIT });
    await kit.see(page, "1 script left out");
    if ((await page.locator("iframe.vams-page").getAttribute("sandbox")) !== "")
      kit.problem("the frame of a page may do something");
    if ((await page.title()) === "run") kit.problem("a page of a file has run a script");
    await colourIs(page, kit, page.locator(SURFACE), [0.9, 0.12], (red) => red > 150, "page");
    await kit.themed(page, "viewer-html");
    await page.getByRole("button", { name: "Text", exact: true }).click();
    await kit.see(page, /parent.document.title/);
    await page.getByRole("button", { name: "Page", exact: true }).click();
    await inner.getByRole("heading", { name: "Load report" }).waitFor({ timeout: WAIT });
  },
  "a notebook shows its cells and results": async (page, kit) => {
    await openFile(page, kit, "study.ipynb");
    await page.getByRole("heading", { name: "Quay wall" }).waitFor({ timeout: WAIT });
    await page.getByRole("cell", { name: "1.5" }).waitFor({ timeout: WAIT });
    await kit.see(page, "ValueError: no such column");
    await page.locator(".vams-snippet .tok-keyword").first().waitFor({ timeout: WAIT });
    if ((await page.locator(".vams-notebook img, .vams-notebook script").count()) > 0)
      kit.problem("a notebook brings a picture of another host, or a script");
    await kit.themed(page, "viewer-notebook");
  },
  "code has colours, and can be searched": async (page, kit) => {
    await openFile(page, kit, "load.py");
    await page.locator(".vams-code .tok-keyword", { hasText: "def" }).waitFor({ timeout: WAIT });
    await page.getByRole("button", { name: "Find", exact: true }).click();
    await page.getByRole("textbox", { name: "Find" }).pressSequentially("radius");
    await page.locator(".cm-searchMatch").first().waitFor({ timeout: WAIT });
    await kit.themed(page, "viewer-code");
  },
  "a sound with its waveform": async (page, kit) => {
    await kit.open(page, `${FOLDER}/file/tone.wav`);
    await page.locator(".vams-waveform[data-state=shown]").waitFor({ timeout: WAIT });
    await kit.see(page, "Mono");
    const wave = page.locator(".vams-waveform");
    // Loud at the beginning, silent at the end.
    const loud = await inkOf(page, wave, 0, 0.3);
    const silent = await inkOf(page, wave, 0.7, 1);
    if (loud < 0.2 || silent > loud / 2) kit.problem(`the waveform: ${loud}, then ${silent}`);
    await kit.themed(page, "viewer-audio");
  },
  "a film goes on frame by frame": async (page, kit) => {
    await openFile(page, kit, "move.webm");
    await kit.see(page, "320 × 180 pixels");
    const surface = page.locator(SURFACE);
    const yellow = near(255, 204, 0);
    await colourIs(page, kit, surface, [0.5, 0.2], near(32, 64, 128), "film");
    const time = () => page.locator("video").evaluate((video) => video.currentTime);
    const before = await time();
    await page.getByRole("button", { name: "Next frame" }).click();
    const end = Date.now() + WAIT;
    while ((await time()) <= before && Date.now() < end) await page.waitForTimeout(50);
    if ((await time()) <= before) kit.problem("the film does not go on");
    for (let step = 0; step < 24; ++step)
      await page.getByRole("button", { name: "Next frame" }).click();
    await page.locator("video").evaluate((video) => (video.currentTime = 1));
    const box = await surface.boundingBox();
    const scale = Math.min(box.width / 320, box.height / 180);
    const at = [0.5 + ((150 - 160) * scale) / box.width, 0.5];
    await colourIs(page, kit, surface, at, (...colour) => yellow(...colour), "film after a second");
    await kit.themed(page, "viewer-video");
  },
  "two versions of a text and of a picture are compared": async (page, kit) => {
    const token = await kit.token();
    const version = (comment) =>
      kit.call(
        "POST",
        "database/e2e-formats/assets/formats/createVersion",
        { useLatestFiles: true, comment },
        token,
      );
    await version("Before");
    await send(
      page,
      kit,
      {
        "load.py": Buffer.from(CODE.replace("40", "55")),
        "photo.tif": tiff(64, 48, "rgb8", (x, y) => [x * 4, y * 5, 255]),
      },
      "Formats",
    );
    await version("After");
    await kit.open(page, `${FOLDER}?tab=versions`);
    // The page has not seen that they were made.
    await page.reload();
    await page.getByRole("checkbox", { name: "Choose v1" }).check();
    await page.getByRole("checkbox", { name: "Choose v2" }).check();
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.getByRole("button", { name: "Compare /load.py" }).click();
    await page.locator(".cm-changedText").first().waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "compare-text");
    await page.getByRole("button", { name: "Beside each other" }).click();
    await page.locator(".cm-deletedChunk").first().waitFor({ timeout: WAIT });
    await kit.inspect(page, "compare-text-among");
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByRole("button", { name: "Compare /photo.tif" }).click();
    const surface = page.locator(SURFACE);
    // Left of the line the one before, right of it the one after.
    await colourIs(page, kit, surface, [0.48, 0.5], near(123, 120, 128), "before");
    await colourIs(page, kit, surface, [0.52, 0.5], near(133, 120, 255), "after");
    await kit.themed(page, "compare-image");
    await page.getByRole("button", { name: "Difference", exact: true }).click();
    await colourIs(page, kit, surface, [0.5, 0.5], near(0, 0, 127), "difference");
    await page.getByRole("button", { name: "Close", exact: true }).click();
  },
  "viewers at phone width": async (page, kit) => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const name of ["light.exr", "study.ipynb", "rows.parquet", "move.webm"]) {
      await openFile(page, kit, name);
      await kit.settled(page);
      await kit.inspect(page, `phone-${name.split(".")[1]}`);
    }
    await page.setViewportSize({ width: 1366, height: 860 });
  },
};
