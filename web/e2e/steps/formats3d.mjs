// Viewers of CAD files, clouds of points, splats and scenes: each shows a small file made here, whose
// colours are known, and says what is wrong with one that was cut.
import { readFileSync } from "node:fs";
import { WAIT } from "../kit.mjs";
import { lasFile, pcdFile, xyzFile } from "../samples/points.mjs";
import { AMF, BIM, OFF, usdaFile, usdaPart, WRL } from "../samples/scenes.mjs";
import { ifcFile } from "../samples/ifc.mjs";
import { splatFile, splatPly, spzFile } from "../samples/splats.mjs";
import { stepFile } from "../samples/step.mjs";
import { coloursOf, notBlank } from "./viewers.mjs";

const [DATABASE, ASSET] = ["e2e-samples", "samples"];
const FILES = `/databases/${DATABASE}/assets/${ASSET}/file`;
const SURFACE = ".vams-viewer-body";

const kept = (name) => readFileSync(new URL(`../samples/${name}`, import.meta.url));
const half = (content) => Buffer.from(content).subarray(0, Buffer.from(content).length / 2);

function samples() {
  return {
    "lamp.step": stepFile(),
    "hill.las": lasFile(),
    "hill.laz": kept("hill.laz"),
    "hill.e57": kept("hill.e57"),
    "hill.pcd": pcdFile("binary"),
    "hill-text.pcd": pcdFile("ascii"),
    "hill.xyz": xyzFile(),
    "hall.ifc": ifcFile(),
    "cubes.usda": usdaFile("parts/blue.usda"),
    "parts/blue.usda": usdaPart(),
    "ball.splat": splatFile(),
    "ball.spz": spzFile(),
    "ball.ply": splatPly(),
    "pyramid.off": OFF,
    "shapes.wrl": WRL,
    "roofs.bim": BIM,
    "wedge.amf": AMF,
    "cut.step": half(stepFile()),
    "cut.ifc": half(ifcFile()),
    "cut.las": lasFile(700),
    "cut.laz": half(kept("hill.laz")),
    "cut.e57": half(kept("hill.e57")),
    "cut.pcd": pcdFile("binary", 70),
    "cut.usda": half(usdaFile()),
    "cut.splat": splatFile(32 * 100 + 7),
    "cut.spz": half(spzFile()),
    "cut.ply": splatPly(70),
    "cut.off": half(OFF),
  };
}

async function opened(page, kit, name, least) {
  await kit.open(page, `${FILES}/${name}`);
  const body = page.locator(SURFACE);
  await body.waitFor({ timeout: WAIT });
  await kit.settled(page);
  await notBlank(page, kit, body, least, name);
  return body;
}

/** Of the view, how many hundredths are more red than anything else, and so on. */
async function shares(page, body) {
  const counts = await coloursOf(page, body);
  const whole = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const share = { red: 0, green: 0, blue: 0 };
  for (const [colour, count] of counts) {
    const [red, green, blue] = [colour >> 8, (colour >> 4) & 15, colour & 15];
    const part = (100 * count) / whole;
    if (red > green + 2 && red > blue + 2) share.red += part;
    if (green > red + 2 && green > blue + 2) share.green += part;
    if (blue > red + 2 && blue > green + 2) share.blue += part;
  }
  return share;
}

async function demand(page, kit, body, name, least) {
  const found = await shares(page, body);
  for (const [colour, part] of Object.entries(least))
    if (found[colour] < part)
      kit.problem(`${name} shows ${found[colour].toFixed(2)} % of ${colour}, not ${part} %`);
}

export const formats3d = {
  "samples are uploaded": async (page, kit) => {
    const token = await kit.token();
    const { Items } = await kit.call("GET", "buckets", undefined, token);
    const database = {
      databaseId: DATABASE,
      description: "Samples of formats",
      defaultBucketId: Items[0].bucketId,
    };
    await kit.call("POST", "database", database, token);
    const asset = {
      databaseId: DATABASE,
      assetId: ASSET,
      assetName: "Samples",
      description: "One of each",
      isDistributable: true,
    };
    await kit.call("POST", "assets", asset, token);
    await kit.send({ databaseId: DATABASE, assetId: ASSET }, samples(), token);
  },
  "a CAD file, with its parts": async (page, kit) => {
    const body = await opened(page, kit, "lamp.step", 8);
    await demand(page, kit, body, "lamp.step", { red: 1, blue: 2 });
    await kit.see(page, "Bounding box 60 × 40 × 58 mm");
    await page.getByRole("button", { name: "Parts", exact: true }).click();
    await page.getByRole("treeitem", { name: /Base plate/ }).waitFor({ timeout: WAIT });
    await page.getByRole("treeitem", { name: /Post/ }).waitFor({ timeout: WAIT });
    await kit.themed(page, "viewer-cad");
  },
  "a building, with its storeys": async (page, kit) => {
    const body = await opened(page, kit, "hall.ifc", 8);
    await demand(page, kit, body, "hall.ifc", { red: 1, blue: 1 });
    await page.getByRole("button", { name: "Parts", exact: true }).click();
    await page.getByRole("treeitem", { name: /Ground floor/ }).waitFor({ timeout: WAIT });
    await page.getByRole("treeitem", { name: /North wall/ }).waitFor({ timeout: WAIT });
    await kit.themed(page, "viewer-ifc");
  },
  "points of a survey, in its colours and by class": async (page, kit) => {
    const body = await opened(page, kit, "hill.las", 12);
    await kit.see(page, "19,600 points");
    await page.getByRole("button", { name: "Points", exact: true }).last().click();
    await kit.themed(page, "viewer-las");
    await kit.choose(page, page.getByLabel("Colours show"), "Class");
    await kit.see(page, /Water \([\d,]+\)/);
    await demand(page, kit, body, "hill.las by class", { red: 1, blue: 1 });
    await kit.inspect(page, "viewer-las-classes");
    await kit.choose(page, page.getByLabel("Colours show"), "Height");
    await notBlank(page, kit, body, 20, "hill.las by height");
    await kit.inspect(page, "viewer-las-height");
  },
  ...Object.fromEntries(
    [
      ["hill.laz", "1,600 points"],
      ["hill.e57", "400 points"],
      ["hill.pcd", "19,600 points"],
      ["hill-text.pcd", "19,600 points"],
      ["hill.xyz", "19,600 points"],
    ].map(([name, words]) => [
      `points of ${name}`,
      async (page, kit) => {
        await opened(page, kit, name, 8);
        await kit.see(page, words);
        await kit.picture(page, `viewer-${name}`);
      },
    ]),
  ),
  "a USD scene of two files": async (page, kit) => {
    const body = await opened(page, kit, "cubes.usda", 8);
    await demand(page, kit, body, "cubes.usda", { red: 2, blue: 2 });
    await kit.themed(page, "viewer-usd");
  },
  "splats of a .splat file": async (page, kit) => {
    const body = await opened(page, kit, "ball.splat", 12);
    await kit.see(page, "4,000 splats");
    await demand(page, kit, body, "ball.splat", { red: 1, blue: 1 });
    await kit.themed(page, "viewer-splat");
  },
  "splats of a .spz file": async (page, kit) => {
    const body = await opened(page, kit, "ball.spz", 12);
    await kit.see(page, "4,000 splats");
    await demand(page, kit, body, "ball.spz", { red: 1, blue: 1 });
    await kit.picture(page, "viewer-spz");
  },
  "a .ply file of splats is known as such, and its points are one click away": async (
    page,
    kit,
  ) => {
    await opened(page, kit, "ball.ply", 12);
    await kit.see(page, "4,000 splats");
    await page.getByRole("button", { name: "Points", exact: true }).first().click();
    await kit.see(page, "4,000 points");
    await notBlank(page, kit, page.locator(SURFACE), 12, "the points of ball.ply");
    await kit.inspect(page, "viewer-splat-points");
  },
  ...Object.fromEntries(
    [
      ["pyramid.off", { green: 1, blue: 1 }],
      ["shapes.wrl", { red: 2, blue: 2 }],
      ["roofs.bim", { red: 1, blue: 1 }],
      ["wedge.amf", { red: 2 }],
    ].map(([name, least]) => [
      `a model in ${name}`,
      async (page, kit) => {
        const body = await opened(page, kit, name, 4);
        await demand(page, kit, body, name, least);
        await kit.picture(page, `viewer-${name}`);
      },
    ]),
  ),
  "a file that was cut says so": async (page, kit) => {
    for (const kind of [
      "step",
      "ifc",
      "las",
      "laz",
      "e57",
      "pcd",
      "usda",
      "splat",
      "spz",
      "ply",
      "off",
    ]) {
      await kit.open(page, `${FILES}/cut.${kind}`);
      const words = new RegExp(`cut\\.${kind} is damaged, or is not what its name says \\(`);
      await kit.see(page, words);
    }
    await kit.inspect(page, "viewer-cut");
  },
};
