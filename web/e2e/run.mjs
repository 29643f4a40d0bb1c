// Usage: node e2e/run.mjs [--url URL] [--user NAME] [--password PASSWORD] [--out FOLDER]
//
// Goes through the application in a browser against a server that holds the demonstration library:
// sign-in, lists, search, an asset, its files and versions, refusals, both themes and phone width.
// Every page is checked with axe-core, and kept as a picture in FOLDER. An error in the console, a
// request to another host or a finding of axe-core that is serious fails the run.
//
// Defaults come from VAMS_E2E_URL, VAMS_E2E_USER, VAMS_E2E_PASSWORD and VAMS_E2E_OUT; the browser
// from VAMS_E2E_BROWSER, or else Debian's Chromium.
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: options } = parseArgs({
  options: {
    url: { type: "string", default: process.env.VAMS_E2E_URL ?? "http://127.0.0.1:8080" },
    user: { type: "string", default: process.env.VAMS_E2E_USER ?? "administrator" },
    password: { type: "string", default: process.env.VAMS_E2E_PASSWORD ?? "" },
    out: { type: "string", default: process.env.VAMS_E2E_OUT ?? "e2e-pictures" },
  },
});
if (options.password === "") {
  console.error("e2e: no password; give --password or VAMS_E2E_PASSWORD");
  process.exit(2);
}
mkdirSync(options.out, { recursive: true });

const WAIT = 60_000; // generous: the machine may be slow and busy
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const base = new URL(options.url.endsWith("/") ? options.url : `${options.url}/`);
const problems = [];
let step = "start";
/** Answers with an error status that the running step asks for. */
let expected = [];

function problem(text) {
  problems.push(`${step}: ${text}`);
  console.error(`  FAILED ${text}`);
}

function watch(page) {
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const status = /the server responded with a status of (\d+)/.exec(message.text())?.[1];
    if (status !== undefined && expected.includes(Number(status))) return;
    problem(`console: ${message.text()} ${message.location().url ?? ""}`);
  });
  page.on("pageerror", (error) => problem(`exception: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (["http:", "https:", "ws:", "wss:"].includes(url.protocol) && url.host !== base.host)
      problem(`request to another host: ${url.href}`);
  });
}

async function inspect(page, name) {
  // Not through the page's own scripts: those are held to the server's policy.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const result = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return (
      result.violations
        .filter((violation) => ["serious", "critical"].includes(violation.impact ?? ""))
        // The component library's own drawer for small windows: an orientation that its role lacks.
        .map((violation) => ({
          id: violation.id,
          nodes: violation.nodes.filter((node) => !node.html.includes("_mobile-toolbar-nav_")),
        }))
        .filter((violation) => violation.nodes.length > 0)
        .map(
          (violation) =>
            `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
        )
    );
  });
  for (const violation of found) problem(`axe-core on ${name}: ${violation}`);
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  if (wide > 1) problem(`${name} is ${wide} pixels wider than the window`);
  await page.screenshot({ path: join(options.out, `${name}.png`) });
}

function isSettled() {
  return (
    document.querySelector(".vams-waiting, .vams-loading, .vams-card[aria-busy=true]") === null &&
    document.querySelector(".vams-tile[data-waiting=true]") === null &&
    [...document.images].every((image) => image.complete)
  );
}

// Asked again and again from outside: the page's policy lets no condition be compiled in it.
async function settled(page) {
  await page.waitForLoadState("networkidle", { timeout: WAIT });
  const end = Date.now() + WAIT;
  while (!(await page.evaluate(isSettled))) {
    if (Date.now() > end) throw new Error("the page goes on loading");
    await page.waitForTimeout(50);
  }
}

async function open(page, path) {
  await page.goto(new URL(`#${path}`, base).href);
  await settled(page);
}

async function see(page, text, options = {}) {
  await page.getByText(text, options).first().waitFor({ timeout: WAIT });
}

async function signIn(page, password) {
  await page.getByLabel("User name").fill(options.user);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

async function themed(page, name) {
  for (const theme of ["light", "dark"]) {
    await page.evaluate((wanted) => {
      localStorage.setItem("vams-theme-preference", wanted);
      dispatchEvent(new StorageEvent("storage", { key: "vams-theme-preference" }));
    }, theme);
    await page.waitForTimeout(400); // colours fade into each other
    await inspect(page, `${name}-${theme}`);
  }
}

const steps = {
  "sign-in refuses a wrong password": async (page) => {
    await page.goto(base.href);
    await page.getByLabel("User name").waitFor({ timeout: WAIT });
    await themed(page, "sign-in");
    expected = [400, 401, 403];
    await signIn(page, "Wrong-password-1");
    await page.locator(".si-problem").waitFor({ timeout: WAIT });
    expected = [];
  },
  "sign-in help": async (page) => {
    await page.getByRole("button", { name: "Cannot sign in?" }).click();
    await see(page, "Forgotten password.");
    await inspect(page, "sign-in-help");
    await page.getByRole("button", { name: "Back to sign-in" }).click();
  },
  "sign-in": async (page) => {
    await signIn(page, options.password);
    await page.getByRole("heading", { name: "Assets and files" }).waitFor({ timeout: WAIT });
    await settled(page);
  },
  "picture grid": async (page) => {
    await see(page, "Gantry crane");
    await page.locator("img.vams-picture").first().waitFor({ timeout: WAIT });
    await settled(page);
    const shown = await page
      .locator("img.vams-picture")
      .evaluateAll((images) => images.filter((image) => image.naturalWidth > 0).length);
    if (shown < 5) problem(`only ${shown} pictures are shown`);
    await themed(page, "assets-grid");
  },
  "a reload keeps the session": async (page) => {
    await page.reload();
    await see(page, "Gantry crane");
    await settled(page);
  },
  "asset table": async (page) => {
    await open(page, "/assets?view=table");
    await page.getByRole("table").getByText("Gantry crane").first().waitFor({ timeout: WAIT });
    await settled(page);
    await themed(page, "assets-table");
  },
  "a filter narrows the list down": async (page) => {
    await open(page, "/assets?tag=concept");
    await page.getByRole("heading", { name: "Assets and files (1)" }).waitFor({ timeout: WAIT });
    await page.getByRole("button", { name: /^Clear 1/ }).click();
    await see(page, "Gantry crane");
  },
  "metadata search": async (page) => {
    await open(page, "/search?meta=Maker%3ANorthbank*");
    await see(page, "Gantry crane");
    await settled(page);
    await inspect(page, "search-metadata");
  },
  databases: async (page) => {
    await page.getByRole("link", { name: "Databases" }).first().click();
    await see(page, "demo-harbour");
    await settled(page);
    await themed(page, "databases");
    await page.getByRole("link", { name: "demo-harbour" }).click();
    await page.getByRole("heading", { name: /demo-harbour/ }).waitFor({ timeout: WAIT });
    await see(page, "Gantry crane");
    await settled(page);
    await inspect(page, "database");
  },
  search: async (page) => {
    await open(page, "/assets");
    const box = page.getByRole("searchbox", { name: "Search assets and files" }).first();
    await box.fill("trolley");
    await box.press("Enter");
    await see(page, "Found for “trolley”");
    await page.locator(".vams-card-name", { hasText: "Trolley" }).waitFor({ timeout: WAIT });
    await settled(page);
    await themed(page, "search");
  },
  "search of files": async (page) => {
    await open(page, "/search?q=gantry&mode=file&view=table");
    await page.getByRole("link", { name: "gantry.glb" }).first().waitFor({ timeout: WAIT });
    await settled(page);
    await themed(page, "search-files");
  },
  "search without results": async (page) => {
    await open(page, "/search?q=zzqqxxnothing");
    await see(page, "Nothing found");
    await inspect(page, "search-nothing");
  },
  asset: async (page) => {
    await open(page, "/assets");
    await page.getByRole("link", { name: /Gantry crane/ }).click();
    await page.getByRole("heading", { name: "Gantry crane" }).waitFor({ timeout: WAIT });
    await page.getByRole("link", { name: "gantry.glb" }).waitFor({ timeout: WAIT });
    await settled(page);
    await themed(page, "asset");
  },
  download: async (page) => {
    const coming = page.waitForEvent("download", { timeout: WAIT });
    await page.getByRole("button", { name: "Download gantry.glb" }).click();
    const path = await (await coming).path();
    if (statSync(path).size < 1000) problem("the downloaded file is too small");
  },
  "versions and metadata": async (page) => {
    await page.getByRole("tab", { name: "Versions" }).click();
    await see(page, "As designed");
    await themed(page, "asset-versions");
    await page.getByRole("tab", { name: "Metadata" }).click();
    await see(page, "Northbank Works");
    await themed(page, "asset-metadata");
  },
  "an older version": async (page) => {
    await open(page, "/databases/demo-harbour/assets/gantry-crane?assetVersionId=1");
    await see(page, "Files and metadata are shown as v1 (design) holds them.");
    await page.getByRole("link", { name: "gantry.glb" }).waitFor({ timeout: WAIT });
    if ((await page.getByRole("link", { name: "gantry.stl" }).count()) > 0)
      problem("version 1 shows a file that it does not have");
    await settled(page);
    await inspect(page, "asset-version-1");
  },
  file: async (page) => {
    await open(page, "/databases/demo-harbour/assets/gantry-crane/file/model/gantry.glb");
    await see(page, "Versions of the file");
    await page.getByRole("heading", { name: "gantry.glb" }).first().waitFor({ timeout: WAIT });
    await settled(page);
    await themed(page, "file");
  },
  "an asset that is not there": async (page) => {
    expected = [404];
    await open(page, "/databases/demo-harbour/assets/no-such-asset");
    await see(page, "This does not exist");
    await inspect(page, "asset-missing");
    expected = [];
  },
  "a page that is not there": async (page) => {
    await open(page, "/no/such/page");
    await see(page, "Page not found");
    await inspect(page, "not-found");
  },
  "command palette": async (page) => {
    await open(page, "/databases");
    await page.keyboard.press("Control+k");
    const input = page.getByRole("combobox", { name: "Command" });
    await input.fill("bollard");
    await page
      .getByRole("option", { name: /Bollard/ })
      .first()
      .waitFor({ timeout: WAIT });
    await inspect(page, "palette");
    await input.press("Enter");
    await page.getByRole("heading", { name: "Bollard" }).waitFor({ timeout: WAIT });
    await settled(page);
  },
  "keyboard shortcuts": async (page) => {
    await page.locator("body").press("?");
    await see(page, "Keyboard shortcuts");
    await inspect(page, "shortcuts");
    await page.keyboard.press("Escape");
  },
  "phone width": async (page) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await open(page, "/assets");
    await page.reload();
    await see(page, "Bollard");
    await settled(page);
    await inspect(page, "phone-assets");
    await open(page, "/databases/demo-harbour/assets/gantry-crane");
    await page.getByRole("heading", { name: "Gantry crane" }).waitFor({ timeout: WAIT });
    await settled(page);
    await inspect(page, "phone-asset");
    await page.setViewportSize({ width: 1366, height: 860 });
  },
  "sign-out": async (page) => {
    await open(page, "/databases");
    await page.getByRole("button", { name: /^Account of/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByLabel("User name").waitFor({ timeout: WAIT });
  },
};

const browser = await chromium.launch({
  executablePath: process.env.VAMS_E2E_BROWSER ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
const context = await browser.newContext({
  viewport: { width: 1366, height: 860 },
  locale: "en-GB",
  timezoneId: "UTC",
  reducedMotion: "reduce",
});
const page = await context.newPage();
page.setDefaultTimeout(WAIT);
watch(page);
try {
  for (const [name, run] of Object.entries(steps)) {
    step = name;
    console.log(name);
    await run(page);
  }
} catch (error) {
  problem(error instanceof Error ? error.message : String(error));
  await page.screenshot({ path: join(options.out, "failed.png") }).catch(() => undefined);
} finally {
  await browser.close();
}
if (problems.length > 0) {
  console.error(`\ne2e: ${problems.length} problems\n${problems.join("\n")}`);
  process.exit(1);
}
console.log(`e2e: ${Object.keys(steps).length} steps passed; pictures in ${options.out}`);
