// What assets have to do with each other and with people: links, comments, subscriptions, export.
import { readFileSync } from "node:fs";
import { WAIT } from "../kit.mjs";

const CRANE = "/databases/e2e-yard/assets/test-crane";

export const together = {
  "assets are linked, across databases": async (page, kit) => {
    await kit.open(page, `${CRANE}?tab=links`);
    await page.getByRole("button", { name: "Add: Parts" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByRole("button", { name: /^Assets/ }).click();
    await page.keyboard.type("trolley");
    await page
      .getByRole("option", { name: /Trolley/ })
      .first()
      .click();
    await page.keyboard.press("Escape");
    await dialog.getByLabel("Alias").fill("upper");
    await kit.see(page, /1 asset of another database/);
    await kit.themed(page, "link-create");
    await dialog.getByRole("button", { name: "Link", exact: true }).click();
    await kit.see(page, "1 link made.");
    await page.getByRole("link", { name: "Trolley" }).waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "links");
  },
  "a link has metadata": async (page, kit) => {
    await page.getByRole("button", { name: "Metadata of the link to Trolley" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByRole("button", { name: "Edit Translation" }).click();
    for (const part of ["x", "y", "z"]) await dialog.getByLabel(`Translation: ${part}`).fill("2");
    await kit.inspect(page, "link-metadata");
    await dialog.getByRole("button", { name: "Save 1 change" }).click();
    await dialog.getByText("x 2, y 2, z 2").waitFor({ timeout: WAIT });
    await dialog.getByRole("button", { name: "Close", exact: true }).click();
  },
  "the tree of what an asset is made of": async (page, kit) => {
    await kit.open(page, "/databases/demo-harbour/assets/gantry-crane?tab=links");
    await page.getByRole("link", { name: "Trolley" }).first().waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.inspect(page, "links-tree");
  },
  "a link is removed": async (page, kit) => {
    await kit.open(page, `${CRANE}?tab=links`);
    await page.getByRole("button", { name: "Remove the link to Trolley" }).click();
    await kit.dialog(page).getByRole("button", { name: "Remove", exact: true }).click();
    await kit.see(page, "The link is removed.");
    await kit.gone(page.getByRole("link", { name: "Trolley" }));
  },
  "comments are written, changed and deleted": async (page, kit) => {
    await kit.open(page, `${CRANE}?tab=comments`);
    await page
      .getByLabel(/^Comment on v/)
      .fill("Check **weld 14**, see https://plant.example/a?b=1&c=2\n\n- one\n- two");
    await page.getByRole("button", { name: "Comment", exact: true }).click();
    await page.locator(".vams-rich strong", { hasText: "weld 14" }).waitFor({ timeout: WAIT });
    const link = page.locator(".vams-rich a");
    if ((await link.getAttribute("href")) !== "https://plant.example/a?b=1&c=2")
      kit.problem("the address in the comment is not what was written");
    await kit.themed(page, "comments");
    await page.getByRole("button", { name: /^Edit the comment/ }).click();
    const field = page.getByLabel("Edit the comment");
    if (!(await field.inputValue()).includes("**weld 14**"))
      kit.problem("the comment is lost in editing");
    await field.fill("Done.");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.locator(".vams-rich", { hasText: "Done." }).waitFor({ timeout: WAIT });
    await kit.see(page, /edited/);
    await page.getByRole("button", { name: /^Delete the comment/ }).click();
    await kit.dialog(page).getByRole("button", { name: "Delete", exact: true }).click();
    await kit.see(page, "Be the first to say something.");
  },
  "a subscription": async (page, kit) => {
    await page.getByRole("button", { name: "Subscribe" }).click();
    await page.getByRole("button", { name: "Unsubscribe" }).waitFor({ timeout: WAIT });
    await page.getByRole("button", { name: "Unsubscribe" }).click();
    await page.getByRole("button", { name: "Subscribe", exact: true }).waitFor({ timeout: WAIT });
  },
  "an export": async (page, kit) => {
    await kit.open(page, "/databases/demo-harbour/assets/gantry-crane");
    await page.getByRole("button", { name: "Actions", exact: true }).click();
    await page.getByRole("menuitem", { name: "Export" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByRole("checkbox", { name: /All assets below/ }).check();
    await kit.themed(page, "export");
    const coming = page.waitForEvent("download", { timeout: WAIT });
    await dialog.getByRole("button", { name: "Export", exact: true }).click();
    const exported = JSON.parse(readFileSync(await (await coming).path(), "utf8"));
    if (exported.assets.length < 3)
      kit.problem(`only ${exported.assets.length} assets are exported`);
    if (exported.assets[0].assetname !== "Gantry crane") kit.problem("the export begins elsewhere");
  },
  "phone width of what changes things": async (page, kit) => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const [name, path] of [
      ["databases", "/databases"],
      ["create", "/upload/e2e-yard"],
      ["files", CRANE],
      ["versions", `${CRANE}?tab=versions`],
      ["compare", `${CRANE}?tab=versions&compare=1,2`],
      ["metadata", "/databases/e2e-yard/assets/dropped?tab=metadata"],
      ["links", "/databases/demo-harbour/assets/gantry-crane?tab=links"],
    ]) {
      await kit.open(page, path);
      await page.reload();
      await kit.settled(page);
      await kit.inspect(page, `phone-${name}`);
    }
    await page.setViewportSize({ width: 1366, height: 860 });
  },
};
