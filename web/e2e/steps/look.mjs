// Looking: sign-in, lists, search, an asset, its files and versions, refusals, both themes and phone
// width.
import { statSync } from "node:fs";
import { WAIT } from "../kit.mjs";

export const look = {
  "sign-in refuses a wrong password": async (page, kit) => {
    await page.goto(kit.base.href);
    await page.getByLabel("User name").waitFor({ timeout: WAIT });
    await kit.themed(page, "sign-in");
    kit.expected = [400, 401, 403];
    await kit.signIn(page, kit.options.user, "Wrong-password-1");
    await page.locator(".si-problem").waitFor({ timeout: WAIT });
    kit.expected = [];
  },
  "sign-in help": async (page, kit) => {
    await page.getByRole("button", { name: "Cannot sign in?" }).click();
    await kit.see(page, "Forgotten password.");
    await kit.inspect(page, "sign-in-help");
    await page.getByRole("button", { name: "Back to sign-in" }).click();
  },
  "sign-in": async (page, kit) => {
    await kit.signIn(page, kit.options.user, kit.options.password);
    await page.getByRole("heading", { name: "Assets and files" }).waitFor({ timeout: WAIT });
    await kit.settled(page);
  },
  "picture grid": async (page, kit) => {
    await kit.see(page, "Gantry crane");
    await page.locator("img.vams-picture").first().waitFor({ timeout: WAIT });
    await kit.settled(page);
    const shown = await page
      .locator("img.vams-picture")
      .evaluateAll((images) => images.filter((image) => image.naturalWidth > 0).length);
    if (shown < 5) kit.problem(`only ${shown} pictures are shown`);
    await kit.themed(page, "assets-grid");
  },
  "a reload keeps the session": async (page, kit) => {
    await page.reload();
    await kit.see(page, "Gantry crane");
    await kit.settled(page);
  },
  "asset table": async (page, kit) => {
    await kit.open(page, "/assets?view=table");
    await page.getByRole("table").getByText("Gantry crane").first().waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "assets-table");
  },
  "a filter narrows the list down": async (page, kit) => {
    await kit.open(page, "/assets?tag=concept");
    await page.getByRole("heading", { name: "Assets and files (1)" }).waitFor({ timeout: WAIT });
    await page.getByRole("button", { name: /^Clear 1/ }).click();
    await kit.see(page, "Gantry crane");
  },
  "metadata search": async (page, kit) => {
    await kit.open(page, "/search?meta=Maker%3ANorthbank*");
    await kit.see(page, "Gantry crane");
    await kit.settled(page);
    await kit.inspect(page, "search-metadata");
  },
  databases: async (page, kit) => {
    await page.getByRole("link", { name: "Databases" }).first().click();
    await kit.see(page, "demo-harbour");
    await kit.settled(page);
    await kit.themed(page, "databases");
    await page.getByRole("link", { name: "demo-harbour" }).click();
    await page.getByRole("heading", { name: /demo-harbour/ }).waitFor({ timeout: WAIT });
    await kit.see(page, "Gantry crane");
    await kit.settled(page);
    await kit.inspect(page, "database");
  },
  search: async (page, kit) => {
    await kit.open(page, "/assets");
    const box = page.getByRole("searchbox", { name: "Search assets and files" }).first();
    await box.fill("trolley");
    await box.press("Enter");
    await kit.see(page, "Found for “trolley”");
    await page.locator(".vams-card-name", { hasText: "Trolley" }).waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "search");
  },
  "search of files": async (page, kit) => {
    await kit.open(page, "/search?q=gantry&mode=file&view=table");
    await page.getByRole("link", { name: "gantry.glb" }).first().waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "search-files");
  },
  "search without results": async (page, kit) => {
    await kit.open(page, "/search?q=zzqqxxnothing");
    await kit.see(page, "Nothing found");
    await kit.inspect(page, "search-nothing");
  },
  asset: async (page, kit) => {
    await kit.open(page, "/assets");
    await page.getByRole("link", { name: /Gantry crane/ }).click();
    await page.getByRole("heading", { name: "Gantry crane" }).waitFor({ timeout: WAIT });
    await page.getByRole("link", { name: "gantry.glb" }).waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "asset");
  },
  download: async (page, kit) => {
    const coming = page.waitForEvent("download", { timeout: WAIT });
    await page.getByRole("button", { name: "Download gantry.glb" }).click();
    const path = await (await coming).path();
    if (statSync(path).size < 1000) kit.problem("the downloaded file is too small");
  },
  "versions and metadata": async (page, kit) => {
    await page.getByRole("tab", { name: "Versions" }).click();
    await kit.see(page, "As designed");
    await kit.themed(page, "asset-versions");
    await page.getByRole("tab", { name: "Metadata" }).click();
    await kit.see(page, "Northbank Works");
    await kit.themed(page, "asset-metadata");
  },
  "an older version": async (page, kit) => {
    await kit.open(page, "/databases/demo-harbour/assets/gantry-crane?assetVersionId=1");
    await kit.see(page, "Files and metadata are shown as v1 (design) holds them.");
    await page.getByRole("link", { name: "gantry.glb" }).waitFor({ timeout: WAIT });
    if ((await page.getByRole("link", { name: "gantry.stl" }).count()) > 0)
      kit.problem("version 1 shows a file that it does not have");
    await kit.settled(page);
    await kit.inspect(page, "asset-version-1");
  },
  file: async (page, kit) => {
    await kit.open(page, "/databases/demo-harbour/assets/gantry-crane/file/model/gantry.glb");
    await kit.see(page, "Versions of the file");
    await page.getByRole("heading", { name: "gantry.glb" }).first().waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "file");
  },
  "an asset that is not there": async (page, kit) => {
    kit.expected = [404];
    await kit.open(page, "/databases/demo-harbour/assets/no-such-asset");
    await kit.see(page, "This does not exist");
    await kit.inspect(page, "asset-missing");
    kit.expected = [];
  },
  "a page that is not there": async (page, kit) => {
    await kit.open(page, "/no/such/page");
    await kit.see(page, "Page not found");
    await kit.inspect(page, "not-found");
  },
  "command palette": async (page, kit) => {
    await kit.open(page, "/databases");
    await page.keyboard.press("Control+k");
    const input = page.getByRole("combobox", { name: "Command" });
    await input.fill("bollard");
    await page
      .getByRole("option", { name: /Bollard/ })
      .first()
      .waitFor({ timeout: WAIT });
    await kit.inspect(page, "palette");
    await input.press("Enter");
    await page.getByRole("heading", { name: "Bollard" }).waitFor({ timeout: WAIT });
    await kit.settled(page);
  },
  "keyboard shortcuts": async (page, kit) => {
    await page.locator("body").press("?");
    await kit.see(page, "Keyboard shortcuts");
    await kit.inspect(page, "shortcuts");
    await page.keyboard.press("Escape");
  },
  "phone width": async (page, kit) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await kit.open(page, "/assets");
    await page.reload();
    await kit.see(page, "Bollard");
    await kit.settled(page);
    await kit.inspect(page, "phone-assets");
    await kit.open(page, "/databases/demo-harbour/assets/gantry-crane");
    await page.getByRole("heading", { name: "Gantry crane" }).waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.inspect(page, "phone-asset");
    await page.setViewportSize({ width: 1366, height: 860 });
  },
};

export const leave = {
  "sign-out": async (page, kit) => {
    await kit.open(page, "/databases");
    await page.getByRole("button", { name: /^Account of/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByLabel("User name").waitFor({ timeout: WAIT });
  },
};
