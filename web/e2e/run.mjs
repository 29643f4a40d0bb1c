// Usage: node e2e/run.mjs [--url URL] [--user NAME] [--password PASSWORD] [--out FOLDER] [--only TEXT,…]
//
// Goes through the application in a browser against a server that holds the demonstration library, and
// changes what is there. Pages are checked with axe-core, and kept as pictures in FOLDER. `--only`:
// besides signing in, only the steps of the groups whose name holds a TEXT of the list (look, upload…).
//
// Defaults come from VAMS_E2E_URL, VAMS_E2E_USER, VAMS_E2E_PASSWORD and VAMS_E2E_OUT; the browser
// from VAMS_E2E_BROWSER, or else Debian's Chromium.
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { Kit } from "./kit.mjs";
import { assets } from "./steps/assets.mjs";
import { databases } from "./steps/databases.mjs";
import { drawing } from "./steps/drawing.mjs";
import { files } from "./steps/files.mjs";
import { formats2d } from "./steps/formats2d.mjs";
import { formats3d } from "./steps/formats3d.mjs";
import { graph } from "./steps/graph.mjs";
import { leave, look } from "./steps/look.mjs";
import { measure } from "./steps/measure.mjs";
import { metadata } from "./steps/metadata.mjs";
import { people } from "./steps/people.mjs";
import { together } from "./steps/together.mjs";
import { upload } from "./steps/upload.mjs";
import { versions } from "./steps/versions.mjs";
import { viewers } from "./steps/viewers.mjs";
import { viewers3d } from "./steps/viewers3d.mjs";
import { views } from "./steps/views.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string", default: process.env.VAMS_E2E_URL ?? "http://127.0.0.1:8080" },
    user: { type: "string", default: process.env.VAMS_E2E_USER ?? "administrator" },
    password: { type: "string", default: process.env.VAMS_E2E_PASSWORD ?? "" },
    out: { type: "string", default: process.env.VAMS_E2E_OUT ?? "e2e-pictures" },
    only: { type: "string", default: "" },
  },
});
if (options.password === "") {
  console.error("e2e: no password; give --password or VAMS_E2E_PASSWORD");
  process.exit(2);
}

const GROUPS = {
  look,
  views,
  graph,
  drawing,
  viewers,
  formats2d,
  viewers3d,
  formats3d,
  databases,
  assets,
  upload,
  files,
  versions,
  metadata,
  together,
  people,
  measure,
  leave,
};
const FIRST = "sign-in";
/** So many steps that failed say enough; each has waited a minute for what did not come. */
const ENOUGH = 10;

const kit = new Kit(options);
const browser = await chromium.launch({
  executablePath: process.env.VAMS_E2E_BROWSER ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
kit.newPage = async () => {
  const context = await browser.newContext({
    viewport: { width: 1366, height: 860 },
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  // The browser's own dialogs for files are beyond a test; without them the application has others.
  await context.addInitScript(() => {
    for (const name of ["showOpenFilePicker", "showDirectoryPicker", "showSaveFilePicker"])
      delete window[name];
  });
  const page = await context.newPage();
  kit.watch(page);
  return page;
};
// What a step waited for beside its work, after it has failed for another reason.
process.on("unhandledRejection", () => undefined);
const page = await kit.newPage();
let count = 0;
let failed = 0;
try {
  for (const [group, steps] of Object.entries(GROUPS))
    for (const [name, run] of Object.entries(steps)) {
      const wanted = options.only.split(",").some((text) => group.includes(text));
      if (!wanted && name !== FIRST) continue;
      if (options.only !== "" && name === FIRST) await page.goto(kit.base.href);
      kit.step = name;
      kit.expected = [];
      console.log(name);
      ++count;
      try {
        await run(page, kit);
      } catch (error) {
        kit.problem(error instanceof Error ? error.message : String(error));
        await kit.picture(page, `failed-${count}`).catch(() => undefined);
        // Without a session nothing else can be looked at; a step that failed leaves the others alone.
        if (name === FIRST || ++failed === ENOUGH) throw error;
        await page.unrouteAll({ behavior: "ignoreErrors" });
        await page.reload().catch(() => undefined);
      }
    }
} catch (error) {
  if (kit.problems.length === 0)
    kit.problem(error instanceof Error ? error.message : String(error));
  console.error("the steps behind it were not tried");
} finally {
  await browser.close();
}
if (kit.problems.length > 0) {
  console.error(`\ne2e: ${kit.problems.length} problems\n${kit.problems.join("\n")}`);
  process.exit(1);
}
console.log(`e2e: ${count} steps passed; pictures in ${options.out}`);
