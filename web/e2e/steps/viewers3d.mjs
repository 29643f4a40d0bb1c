// The viewer of meshes: what it reads, its tools, and two versions beside each other. The models are
// made here, so that their colours and sizes are known.
import { WAIT } from "../kit.mjs";
import { dracoGlb, ktx2Glb, meshoptGlb, plainGlb } from "../samples/shapes.mjs";
import { coloursOf, notBlank } from "./viewers.mjs";

const OF = { databaseId: "e2e-shapes", assetId: "box" };
const ASSET = `/databases/${OF.databaseId}/assets/${OF.assetId}`;
const VIEW = ".vams-stage-view";
const PANEL = "aside.vams-panel";
/** Of the model, and the angle of the camera. */
const SIZE = { x: 2, y: 1.4, z: 0.5 };
const HALF_ANGLE = (20 * Math.PI) / 180;

const tool = (page, name) => page.getByRole("button", { name, exact: true });
const canvas = (page, name = /^3D view of/) => page.getByRole("img", { name }).first();

async function opened(page, kit, file) {
  await kit.open(page, `${ASSET}/file/${file}`);
  const view = page.locator(VIEW);
  await view.waitFor({ timeout: WAIT });
  await kit.see(page, /^\d+ triangles$/);
  await notBlank(page, kit, view, 4, file);
  return view;
}

async function look(page, from) {
  await tool(page, "View from").click();
  await page.getByRole("menuitem", { name: from, exact: true }).click();
}

/** How many pixels of an element fit, asked again until `enough` of what they are. */
async function count(page, locator, fits, enough) {
  const end = Date.now() + WAIT;
  for (;;) {
    let found = 0;
    for (const [colour, pixels] of await coloursOf(page, locator))
      if (fits((colour >> 8) & 15, (colour >> 4) & 15, colour & 15)) found += pixels;
    if (enough(found) || Date.now() > end) return found;
    await page.waitForTimeout(100);
  }
}

const RED = (red, green, blue) => red > 5 && red > 2 * green && red > 2 * blue;
const GREEN = (red, green, blue) => green > 4 && green > red + 2 && green > blue + 2;
/** In which a section shows the inside of bodies. */
const INSIDE = (red, green, blue) =>
  red === 13 && (green === 8 || green === 7) && blue <= 5 && blue >= 3;

async function demand(page, kit, locator, fits, least, name) {
  const found = await count(page, locator, fits, (pixels) => pixels >= least);
  if (found < least) kit.problem(`${name}: ${found} pixels, not ${least}`);
}

async function gone(page, kit, locator, fits, name) {
  const found = await count(page, locator, fits, (pixels) => pixels === 0);
  if (found > 0) kit.problem(`${name}: ${found} pixels that should not be there`);
}

/** Where a corner of the front stands on the page, seen from the front in the fitted view. */
async function cornerAt(page, right, up) {
  const box = await canvas(page).boundingBox();
  const radius = Math.hypot(SIZE.x, SIZE.y, SIZE.z) / 2;
  const narrow = Math.min(1, box.width / box.height);
  const distance = (radius / Math.sin(Math.atan(Math.tan(HALF_ANGLE) * narrow))) * 1.05;
  const scale = box.height / 2 / Math.tan(HALF_ANGLE) / (distance - SIZE.z / 2);
  return [
    box.x + box.width / 2 + right * (SIZE.x / 2) * scale,
    box.y + box.height / 2 - up * (SIZE.y / 2) * scale,
  ];
}

async function changes(page, kit, locator, work, what) {
  const before = await locator.screenshot();
  await work();
  const end = Date.now() + WAIT;
  while (before.equals(await locator.screenshot())) {
    if (Date.now() > end) return kit.problem(`${what} changes nothing`);
    await page.waitForTimeout(100);
  }
}

export const viewers3d = {
  "models are uploaded, in two versions": async (page, kit) => {
    const token = await kit.token();
    const { Items } = await kit.call("GET", "buckets", undefined, token);
    const database = {
      databaseId: OF.databaseId,
      description: "Shapes of the test",
      defaultBucketId: Items[0].bucketId,
    };
    await kit.call("POST", "database", database, token);
    const asset = {
      ...OF,
      assetName: "Box with a lid",
      description: "Made by the test",
      isDistributable: true,
    };
    await kit.call("POST", "assets", asset, token);
    const version = (comment) =>
      kit.call(
        "POST",
        `database/${OF.databaseId}/assets/${OF.assetId}/createVersion`,
        { useLatestFiles: true, comment },
        token,
      );
    const files = {
      "box.glb": plainGlb(),
      "draco.glb": await dracoGlb(),
      "meshopt.glb": await meshoptGlb(),
      "ktx2.glb": ktx2Glb(),
      "cut.glb": plainGlb().subarray(0, 900),
    };
    await kit.send(OF, files, token);
    await version("A flat lid");
    await kit.send(OF, { "box.glb": plainGlb(2) }, token);
    await version("A thick lid");
    await kit.send(OF, { "box.glb": plainGlb() }, token);
  },
  "geometry and pictures in every compression": async (page, kit) => {
    for (const name of ["draco", "meshopt"]) {
      const view = await opened(page, kit, `${name}.glb`);
      await kit.see(page, "24 triangles");
      await kit.see(page, "Bounding box 2 × 1.4 × 0.5 m");
      await demand(page, kit, view, RED, 2_000, `the lid of ${name}.glb`);
      await kit.picture(page, `viewer-${name}`);
    }
    const view = await opened(page, kit, "ktx2.glb");
    await demand(page, kit, view, GREEN, 5_000, "the picture of ktx2.glb");
    await kit.picture(page, "viewer-ktx2");
  },
  "a model that was cut off says so": async (page, kit) => {
    await kit.open(page, `${ASSET}/file/cut.glb`);
    await kit.see(page, /cut\.glb is damaged, or is not what its name says/);
    await kit.inspect(page, "viewer-damaged");
  },
  "a known distance is measured": async (page, kit) => {
    await opened(page, kit, "box.glb");
    await look(page, "Front");
    await tool(page, "Measure").click();
    await kit.see(page, "Click the first point.");
    // The view has become narrower.
    await tool(page, "Fit").click();
    await kit.settled(page);
    await page.waitForTimeout(300);
    // A little beside the corners, to which the pointer is drawn.
    const [left, right] = [await cornerAt(page, -1, 1), await cornerAt(page, 1, 1)];
    await page.mouse.click(left[0] + 4, left[1] + 3);
    await kit.see(page, "One point is set. Click the other.");
    await page.mouse.click(right[0] - 4, right[1] + 3);
    const list = page.getByRole("list", { name: "Distances" });
    await list.getByText("2 m", { exact: true }).waitFor({ timeout: WAIT });
    const low = await cornerAt(page, 1, -1);
    await page.mouse.click(right[0] - 4, right[1] + 3);
    await page.mouse.click(low[0] - 4, low[1] - 3);
    await list.getByText("1.4 m", { exact: true }).waitFor({ timeout: WAIT });
    await kit.themed(page, "viewer-measure");
    await page.getByRole("button", { name: "Remove the distance 1.4 m" }).click();
    await kit.gone(list.getByText("1.4 m", { exact: true }));
    // With keys, in the middle of the view.
    await canvas(page).focus();
    await page.keyboard.press("Enter");
    await kit.see(page, "One point is set. Click the other.");
    await page.keyboard.press("Escape");
    await kit.see(page, "Click the first point.");
    await tool(page, "Measure").click();
  },
  "a section shows the inside": async (page, kit) => {
    const view = page.locator(VIEW);
    await look(page, "From a corner");
    await gone(page, kit, view, INSIDE, "the inside before a section");
    await tool(page, "Section").click();
    await kit.see(page, "Position: 0 m");
    await demand(page, kit, view, INSIDE, 500, "the inside in a section");
    await kit.themed(page, "viewer-section");
    const panel = page.locator(PANEL);
    await changes(
      page,
      kit,
      view,
      () => panel.getByRole("button", { name: "Y", exact: true }).click(),
      "another axis",
    );
    const slider = panel.getByRole("slider", { name: "Position" });
    await slider.focus();
    await changes(page, kit, view, () => page.keyboard.press("ArrowRight"), "the position");
    await changes(page, kit, view, () => tool(page, "Other side").click(), "the other side");
    await kit.picture(page, "viewer-section-y");
    await tool(page, "Section").click();
    await gone(page, kit, view, INSIDE, "the inside after a section");
  },
  "parts are hidden and shown alone, with keys": async (page, kit) => {
    const view = page.locator(VIEW);
    await tool(page, "Parts").click();
    const tree = page.getByRole("tree", { name: "Parts" });
    await tree.getByRole("treeitem", { name: "Lid" }).waitFor({ timeout: WAIT });
    await kit.themed(page, "viewer-parts");
    await tree.focus();
    await page.keyboard.press("End");
    await page.keyboard.press("Space");
    await tree.getByRole("treeitem", { name: /^Lid.*hidden/ }).waitFor({ timeout: WAIT });
    await gone(page, kit, view, RED, "the hidden lid");
    await page.keyboard.press("Space");
    await page.keyboard.press("i");
    await demand(page, kit, view, RED, 1_000, "the lid alone");
    await kit.picture(page, "viewer-alone");
    await tool(page, "Show all parts").click();
    // A click into the view chooses the part there.
    await look(page, "Front");
    await tool(page, "Fit").click();
    await page.waitForTimeout(300);
    const box = await canvas(page).boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2 + 20);
    await page
      .locator('[role=treeitem][aria-selected="true"]')
      .getByText("Base", { exact: true })
      .waitFor({ timeout: WAIT });
    await page.keyboard.press("Escape");
  },
  "a material gets another colour": async (page, kit) => {
    const view = page.locator(VIEW);
    await look(page, "From a corner");
    await tool(page, "Materials").click();
    const panel = page.locator(PANEL);
    await panel.getByRole("button", { name: /^Paint/ }).click();
    await panel.getByLabel("Colour").last().fill("#10a020");
    await demand(page, kit, view, GREEN, 1_000, "the lid in green");
    await gone(page, kit, view, RED, "the lid in red");
    await kit.themed(page, "viewer-materials");
    await tool(page, "As in the file").click();
    await demand(page, kit, view, RED, 1_000, "the lid as it was");
  },
  "sizes, counts and backgrounds": async (page, kit) => {
    const view = page.locator(VIEW);
    await tool(page, "Bounding box").click();
    await page.locator(".vams-pin-text", { hasText: "X 2 m" }).waitFor({ timeout: WAIT });
    await tool(page, "Details and display").click();
    const background = page.getByLabel("Background");
    const black = () => kit.choose(page, background, "Black");
    await changes(page, kit, view, black, "the background");
    await kit.themed(page, "viewer-details");
    await changes(
      page,
      kit,
      view,
      () => page.getByText("Z is up", { exact: true }).click(),
      "what is up",
    );
    await kit.choose(page, background, "As the page");
  },
  "an animation is played and stopped": async (page, kit) => {
    await opened(page, kit, "box.glb");
    const view = page.locator(VIEW);
    await changes(page, kit, view, () => tool(page, "Play the animation").click(), "playing");
    await tool(page, "Pause the animation").click();
    const moment = page.getByRole("slider", { name: "Moment" });
    await moment.fill("1");
    await kit.see(page, "1.0 s");
    await kit.picture(page, "viewer-animation");
  },
  "the view becomes the preview of the file": async (page, kit) => {
    await tool(page, "Use as preview").click();
    await kit.see(page, "1 file uploaded to Box with a lid.");
    const token = await kit.token();
    const info = await kit.call(
      "GET",
      `database/${OF.databaseId}/assets/${OF.assetId}/fileInfo?filePath=/box.glb`,
      undefined,
      token,
    );
    if (info.previewFile !== "/box.glb.previewFile.png")
      kit.problem(`the preview is ${info.previewFile}`);
    await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
  },
  "the tools fit a phone": async (page, kit) => {
    const { width, height } = page.viewportSize();
    await page.setViewportSize({ width: 390, height: 844 });
    await opened(page, kit, "box.glb");
    await tool(page, "Parts").click();
    await page.getByRole("treeitem", { name: "Lid" }).waitFor({ timeout: WAIT });
    await page.locator(".vams-viewer").scrollIntoViewIfNeeded();
    await kit.inspect(page, "viewer-phone");
    await page.setViewportSize({ width, height });
  },
  "two versions of a model are turned together": async (page, kit) => {
    await kit.open(page, `${ASSET}?tab=versions&compare=1,2`);
    await page.getByRole("button", { name: /^Compare.*\/box\.glb$/ }).click();
    const [left, right] = [page.locator(VIEW).first(), page.locator(VIEW).last()];
    const table = page.getByRole("table", { name: "Sizes and counts of both models" });
    await table.getByRole("row", { name: "Size Y 1.4 m 2 m (changed)" }).waitFor({ timeout: WAIT });
    for (const view of [left, right]) await demand(page, kit, view, RED, 500, "a lid");
    await page.locator(".vams-viewer").scrollIntoViewIfNeeded();
    await kit.themed(page, "viewer-compare");
    await canvas(page, "3D view of box.glb, v1").focus();
    await changes(page, kit, right, () => page.keyboard.press("ArrowLeft"), "turning the other");
    await tool(page, "Section").click();
    for (const view of [left, right])
      await demand(page, kit, view, INSIDE, 200, "the inside of a version");
    await kit.picture(page, "viewer-compare-section");
    await tool(page, "Section").click();
    await tool(page, "Turn both together").click();
    await canvas(page, "3D view of box.glb, v2").focus();
    // Away from the tool, whose name stands over the view while it is pointed at.
    await page.mouse.move(0, 0);
    await kit.gone(page.getByText("Turn both together", { exact: true }));
    const before = await left.screenshot();
    await changes(page, kit, right, () => page.keyboard.press("ArrowLeft"), "turning one");
    if (!before.equals(await left.screenshot())) kit.problem("the other turned too");
    await tool(page, "Close").click();
    await kit.gone(page.locator(VIEW));
  },
};
