// Viewers: each shows its file of the demonstration library, which is told from the pixels on the screen.
import { statSync } from "node:fs";
import { WAIT } from "../kit.mjs";

const HARBOUR = "/databases/demo-harbour/assets";
const STUDIO = "/databases/demo-studio/assets";
const CRANE = `${HARBOUR}/gantry-crane/file`;
const SURFACE = ".vams-viewer-body";

/** The colours that an element shows in more than a few pixels, and in how many: 0xrgb in coarse steps. */
export async function coloursOf(page, locator) {
  const picture = (await locator.screenshot()).toString("base64");
  const found = await page.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data: pixels } = context.getImageData(0, 0, image.width, image.height);
    const counts = new Map();
    for (let at = 0; at < pixels.length; at += 4) {
      // In coarse steps, so that a soft gradient is not many colours.
      const colour =
        ((pixels[at] >> 4) << 8) | ((pixels[at + 1] >> 4) << 4) | (pixels[at + 2] >> 4);
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
    return [...counts].filter(([, count]) => count > 20);
  }, picture);
  return new Map(found);
}

/** Pictures of models come when their shapes and textures are there. */
export async function notBlank(page, kit, locator, least, name) {
  const end = Date.now() + WAIT;
  let colours = 0;
  while ((colours = (await coloursOf(page, locator)).size) < least && Date.now() < end)
    await page.waitForTimeout(200);
  if (colours < least) kit.problem(`${name} shows ${colours} colours, not ${least}`);
}

/** Opens a file and waits until its viewer shows more than one thing. */
export async function shown(page, kit, path, least) {
  await kit.open(page, path);
  const body = page.locator(SURFACE);
  await body.waitFor({ timeout: WAIT });
  await kit.settled(page);
  await notBlank(page, kit, body, least, path);
  return body;
}

export const viewers = {
  "a model in 3D": async (page, kit) => {
    const body = await shown(page, kit, `${CRANE}/model/gantry.glb`, 12);
    await kit.see(page, /^[\d,]+ triangles$/);
    await kit.see(page, /^Bounding box [\d.]+ × [\d.]+ × [\d.]+ m$/);
    if ((await page.getByRole("button", { name: "Turntable" }).count()) !== 0)
      kit.problem("a turntable is offered to somebody who wants little motion");
    await kit.themed(page, "viewer-glb");
    const before = await body.screenshot();
    await page.getByRole("img", { name: "3D view of gantry.glb" }).focus();
    for (let i = 0; i < 4; ++i) await page.keyboard.press("ArrowRight");
    await page.getByRole("button", { name: "Wireframe" }).click();
    await page.getByRole("button", { name: "Bounding box" }).click();
    await notBlank(page, kit, body, 12, "the turned model");
    if (before.equals(await body.screenshot())) kit.problem("keys and tools change nothing");
    await kit.inspect(page, "viewer-glb-wireframe");
  },
  "the picture of a model is saved": async (page, kit) => {
    const waiting = page.waitForEvent("download", { timeout: WAIT });
    await page.getByRole("button", { name: "Screenshot" }).click();
    const saved = await waiting;
    if (saved.suggestedFilename() !== "gantry.glb.png")
      kit.problem(`the picture is called ${saved.suggestedFilename()}`);
    if (statSync(await saved.path()).size < 2000) kit.problem("the saved picture is empty");
  },
  "a model for printing": async (page, kit) => {
    await shown(page, kit, `${CRANE}/model/gantry.stl`, 6);
    await kit.inspect(page, "viewer-stl");
  },
  "a model whose geometry is another file": async (page, kit) => {
    await shown(page, kit, `${STUDIO}/work-table/file/gltf/work-table.gltf`, 4);
    await kit.inspect(page, "viewer-gltf");
  },
  "a cloud of points": async (page, kit) => {
    await shown(page, kit, `${HARBOUR}/quay-wall-scan/file/scan/quay-wall.ply`, 4);
    await kit.see(page, "48,000 points");
    await kit.inspect(page, "viewer-ply");
  },
  "a picture": async (page, kit) => {
    await shown(page, kit, `${HARBOUR}/quay-photos/file/evening-1.png`, 12);
    await kit.see(page, "960 × 600 pixels");
    await page.getByRole("button", { name: "Zoom in" }).click();
    await kit.themed(page, "viewer-image");
  },
  "a document": async (page, kit) => {
    await shown(page, kit, `${CRANE}/drawings/gantry.pdf`, 3);
    await kit.themed(page, "viewer-pdf");
  },
  "a table, and the same as text": async (page, kit) => {
    await kit.open(page, `${CRANE}/data/load-table.csv`);
    await page.getByRole("columnheader", { name: "radius_m" }).waitFor({ timeout: WAIT });
    await page.getByLabel("Only rows that hold").fill("40.00");
    await kit.see(page, /^\d of \d+ rows$/);
    await kit.themed(page, "viewer-table");
    await page.getByRole("button", { name: "Text", exact: true }).click();
    await kit.see(page, /radius_m,load_t/);
    await kit.themed(page, "viewer-text");
  },
};
