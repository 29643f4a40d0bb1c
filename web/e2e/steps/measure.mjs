// What the pages weigh, that nothing jumps while they load and scroll, many assets, and every page at
// the width of a phone.
import { gzipSync } from "node:zlib";
import { WAIT } from "../kit.mjs";

const KB = 1024;
const SIGN_IN_BYTES = 120 * KB;
const SHELL_BYTES = 400 * KB;
/** What people notice begins at 0.1. */
const MOST_SHIFT = 0.05;
const MANY = 450;
const MANY_DATABASE = "e2e-many";

/** The scripts that a page fetches from now on, by their addresses. */
function collectScripts(page) {
  const scripts = new Map();
  page.on("response", (response) => {
    if (response.request().resourceType() !== "script" || response.status() !== 200) return;
    scripts.set(response.url(), response.body());
  });
  return scripts;
}

async function weight(scripts, urls) {
  let sum = 0;
  for (const url of urls) sum += gzipSync(await scripts.get(url), { level: 9 }).length;
  return sum;
}

/**
 * What the page itself names, the parts of the application of these names, and what those scripts
 * cannot do without: not what is fetched ahead or behind.
 */
async function needed(page, scripts, parts = []) {
  const found = new Set();
  const add = async (url) => {
    const body = scripts.get(url);
    if (found.has(url) || body === undefined) return;
    found.add(url);
    for (const [, name] of (await body).toString().matchAll(/(?:from|import)\s*"(\.\/[^"]+)"/g))
      await add(new URL(name, url).href);
  };
  for (const url of await page.evaluate(() => [...document.scripts].map(({ src }) => src)))
    await add(url);
  for (const url of scripts.keys())
    if (parts.some((part) => url.includes(`/${part}-`))) await add(url);
  return found;
}

async function watchShifts(page) {
  await page.addInitScript(() => {
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if (!entry.hadRecentInput)
          globalThis.shifts.push({
            value: entry.value,
            of: entry.sources.map(({ node }) => node?.className || node?.nodeName || "?"),
          });
    }).observe({ type: "layout-shift", buffered: true });
  });
}

async function checkShifts(page, kit, name) {
  const shifts = await page.evaluate(() => globalThis.shifts);
  const sum = shifts.reduce((total, { value }) => total + value, 0);
  console.log(`  ${name}: layout shift ${sum.toFixed(4)}`);
  if (sum > MOST_SHIFT)
    kit.problem(`${name} jumps by ${sum.toFixed(3)}: ${JSON.stringify(shifts)}`);
}

const PHONE = [
  ["databases", "/databases"],
  ["grid", "/assets?view=grid"],
  ["cards", "/assets?view=cards"],
  ["table", "/assets?view=table"],
  ["map", "/assets?view=map"],
  ["search", "/search?q=gantry&mode=file&view=cards"],
  ["nothing", "/search?q=zzqqxxnothing"],
  ["upload", "/upload"],
  ["asset", "/databases/demo-harbour/assets/gantry-crane"],
  ["versions", "/databases/demo-harbour/assets/gantry-crane?tab=versions"],
  ["metadata", "/databases/demo-harbour/assets/gantry-crane?tab=metadata"],
  ["links", "/databases/demo-harbour/assets/gantry-crane?tab=links"],
  ["graph", "/databases/demo-harbour/assets/gantry-crane?tab=links&links=graph"],
  ["comments", "/databases/demo-harbour/assets/gantry-crane?tab=comments"],
  ["file", "/databases/demo-harbour/assets/gantry-crane/file/data/load-table.csv"],
  ["not-found", "/no/such/page"],
];

async function makeMany(kit) {
  const token = await kit.token();
  const buckets = await kit.call("GET", "buckets", undefined, token);
  const { bucketId } = (buckets.Items ?? buckets.message.Items)[0];
  await kit.call(
    "POST",
    "database",
    { databaseId: MANY_DATABASE, description: "Many assets of a test", defaultBucketId: bucketId },
    token,
  );
  let next = 0;
  const work = async () => {
    for (let index = next++; index < MANY; index = next++) {
      const number = String(index).padStart(4, "0");
      const body = {
        databaseId: MANY_DATABASE,
        assetId: `many-${number}`,
        assetName: `Zz ${number}`,
        description: `Number ${number} of many`,
        isDistributable: true,
        tags: [],
      };
      await kit.call("POST", "assets", body, token);
    }
  };
  await Promise.all([work(), work(), work(), work()]);
}

export const measure = {
  "scripts of the first pages, and nothing that jumps": async (_, kit) => {
    const page = await kit.newPage();
    const scripts = collectScripts(page);
    await watchShifts(page);
    await page.goto(kit.base.href);
    await page.getByLabel("User name").waitFor({ timeout: WAIT });
    await kit.settled(page);
    const signIn = await weight(scripts, await needed(page, scripts));
    await checkShifts(page, kit, "the sign-in");
    const paint = await page.evaluate(
      () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
    );
    console.log(
      `  sign-in: ${(signIn / KB).toFixed(0)} KB of scripts, seen after ${paint.toFixed(0)} ms`,
    );
    if (signIn < 10 * KB) kit.problem("the scripts of the sign-in are not found");
    if (signIn > SIGN_IN_BYTES) kit.problem(`the sign-in fetches ${signIn} bytes of scripts`);
    await kit.signIn(page, kit.options.user, kit.options.password);
    await kit.see(page, "Gantry crane");
    await kit.settled(page);
    const shell = await weight(scripts, await needed(page, scripts, ["App", "BrowsePage"]));
    const all = await weight(scripts, scripts.keys());
    await page.reload();
    await kit.see(page, "Gantry crane");
    await kit.settled(page);
    await checkShifts(page, kit, "the pictures");
    const seen = await page.evaluate(
      () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
    );
    if (shell < 100 * KB) kit.problem("the scripts of the shell are not found");
    console.log(
      `  shell: ${(shell / KB).toFixed(0)} KB of scripts, ${(all / KB).toFixed(0)} KB with what follows, seen after ${seen.toFixed(0)} ms`,
    );
    if (shell > SHELL_BYTES) kit.problem(`the shell fetches ${shell} bytes of scripts`);
    for (const path of ["/assets?view=cards", "/assets?view=table", "/databases"]) {
      await kit.open(page, path);
      await page.reload();
      await kit.settled(page);
      await checkShifts(page, kit, path);
    }
    await page.context().close();
  },
  "many assets scroll to their end": async (_, kit) => {
    await makeMany(kit);
    const page = await kit.newPage();
    await watchShifts(page);
    await page.goto(kit.base.href);
    await kit.signIn(page, kit.options.user, kit.options.password);
    await kit.see(page, "Gantry crane");
    for (;;) {
      await kit.open(page, `/databases/${MANY_DATABASE}/assets?view=grid`);
      const name = new RegExp(`${MANY_DATABASE} \\(${MANY}\\)`);
      if (await page.getByRole("heading", { name }).count()) break;
      // The index follows.
      await page.waitForTimeout(200);
    }
    await page.reload();
    await kit.see(page, "Zz 0000");
    const step = 600;
    let height = 0;
    for (let top = 0; ; top += step) {
      await page.evaluate((to) => scrollTo(0, to), top);
      height = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
      if (top >= height) break;
    }
    await page.getByText("Zz 0449").first().waitFor({ timeout: WAIT });
    await kit.settled(page);
    const cells = await page.locator(".vams-cell").count();
    if (cells > 120) kit.problem(`${cells} tiles are drawn at once`);
    await checkShifts(page, kit, "scrolling");
    await kit.picture(page, "many-end");
    await page.evaluate(() => scrollTo(0, 0));
    await kit.see(page, "Zz 0000");
    await page.context().close();
  },
  "every page at the width of a phone": async (page, kit) => {
    await page.setViewportSize({ width: 390, height: 844 });
    kit.expected = [404];
    for (const [name, path] of PHONE) {
      await kit.open(page, path);
      await page.reload();
      await kit.settled(page);
      await kit.themed(page, `phone-${name}`);
    }
    kit.expected = [];
    await page.setViewportSize({ width: 1366, height: 860 });
  },
};
