// Assets: made with metadata and tags, changed, put away, brought back and deleted; many at once.
import { WAIT } from "../kit.mjs";

const YARD = "/databases/e2e-yard/assets";

async function makeAsset(page, kit, id, name) {
  await kit.open(page, "/upload/e2e-yard");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Description").fill(`${name} of the test`);
  await page.getByLabel("Identifier").fill(id);
  await page.getByRole("button", { name: "Create asset" }).click();
  await page.getByRole("heading", { name, exact: true }).waitFor({ timeout: WAIT });
}

export const assets = {
  "an asset is made with tags and metadata": async (page, kit) => {
    await kit.open(page, "/upload/e2e-yard");
    await page.getByLabel("Name", { exact: true }).fill("Test crane");
    await page.getByLabel("Description").fill("abc");
    await kit.see(page, "4 to 256 characters.");
    await page.getByLabel("Description").fill("A crane made by the test");
    await page.getByLabel("Identifier").fill("test-crane");
    await page.getByRole("button", { name: /^Tags/ }).click();
    await page.getByRole("option", { name: /mechanical/ }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Add a field" }).first().click();
    await page.getByRole("textbox", { name: "Name of the field" }).fill("Maker");
    await page.getByRole("textbox", { name: "Maker", exact: true }).fill("Northbank");
    await kit.themed(page, "asset-create");
    await page.getByRole("button", { name: "Create asset" }).click();
    await page.getByRole("heading", { name: "Test crane", exact: true }).waitFor({ timeout: WAIT });
    await kit.see(page, "mechanical");
    await kit.settled(page);
    await kit.themed(page, "asset-new");
    await page.getByRole("tab", { name: "Metadata" }).click();
    await kit.see(page, "Northbank");
  },
  "leaving with unsaved changes asks": async (page, kit) => {
    await kit.open(page, "/upload");
    await page.getByLabel("Name", { exact: true }).fill("Not made");
    await page.getByRole("link", { name: "Databases" }).first().click();
    await kit.see(page, "Leave without saving?");
    await kit.inspect(page, "unsaved");
    await kit.dialog(page).getByRole("button", { name: "Leave" }).click();
    await page.getByRole("heading", { name: /^Databases/ }).waitFor({ timeout: WAIT });
  },
  "an asset is changed": async (page, kit) => {
    await kit.open(page, `${YARD}/test-crane`);
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Name").fill("Test crane 2");
    await kit.themed(page, "asset-edit");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page
      .getByRole("heading", { name: "Test crane 2", exact: true })
      .waitFor({ timeout: WAIT });
  },
  "an asset is archived and brought back": async (page, kit) => {
    await page.getByRole("button", { name: "Actions", exact: true }).click();
    await page.getByRole("menuitem", { name: "Archive" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Reason").fill("Only a test");
    await dialog.getByRole("button", { name: "Archive", exact: true }).click();
    await kit.see(page, "This asset is archived");
    await kit.see(page, /Only a test/);
    await kit.settled(page);
    await kit.themed(page, "asset-archived");
    await page.getByRole("button", { name: "Bring back" }).click();
    await kit.dialog(page).getByRole("button", { name: "Bring back" }).click();
    await kit.gone(page.getByText("This asset is archived"));
  },
  "many assets are changed at once": async (page, kit) => {
    for (const [id, name] of [
      ["bulk-1", "Bulk one"],
      ["bulk-2", "Bulk two"],
      ["bulk-3", "Bulk three"],
    ])
      await makeAsset(page, kit, id, name);
    await kit.open(page, `${YARD}?view=table`);
    for (const name of ["Bulk one", "Bulk two", "Bulk three"])
      await page.getByRole("checkbox", { name: `Choose ${name}` }).check();
    await kit.see(page, "3 assets chosen");
    await kit.themed(page, "bulk-bar");
    await page.getByRole("button", { name: "Tags and more" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByRole("button", { name: /^Tags to add/ }).click();
    await page.getByRole("option", { name: /concept/ }).click();
    await page.keyboard.press("Escape");
    await kit.inspect(page, "bulk-edit");
    await dialog.getByRole("button", { name: "Change", exact: true }).click();
    await kit.see(page, "3 assets changed.");
  },
  "metadata of many assets as a sheet": async (page, kit) => {
    await page.getByRole("button", { name: "Metadata", exact: true }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Another field").fill("Bay");
    await dialog.getByRole("button", { name: "Add column" }).click();
    const first = dialog.getByLabel("Bulk one: Bay");
    await first.focus();
    await page.evaluate(() => navigator.clipboard.writeText("A1\nA2\nA3\n"));
    await page.keyboard.press("Control+v");
    await kit.see(page, "3 values will be written.");
    await kit.themed(page, "bulk-sheet");
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await kit.see(page, "3 assets saved.");
    await kit.open(page, `${YARD}/bulk-2?tab=metadata`);
    await kit.see(page, "A2");
  },
  "many assets are archived, and that is undone": async (page, kit) => {
    await kit.open(page, `${YARD}?view=grid`);
    for (const name of ["Bulk one", "Bulk two"])
      await page.getByRole("checkbox", { name: `Choose ${name}` }).check({ force: true });
    await kit.inspect(page, "bulk-grid");
    await page.getByRole("button", { name: "Archive", exact: true }).click();
    await kit.dialog(page).getByRole("button", { name: "Archive", exact: true }).click();
    await kit.see(page, "2 assets archived.");
    await kit.gone(page.getByRole("link", { name: /Bulk one/ }));
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("link", { name: /Bulk one/ }).waitFor({ timeout: WAIT });
  },
  "assets are deleted for good": async (page, kit) => {
    await kit.open(page, `${YARD}?view=table`);
    for (const name of ["Bulk one", "Bulk two", "Bulk three"])
      await page.getByRole("checkbox", { name: `Choose ${name}` }).check();
    await page.getByRole("button", { name: "Delete for good" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel(/Type “delete”/).fill("delete");
    await kit.themed(page, "assets-delete");
    await dialog.getByRole("button", { name: "Delete for good" }).click();
    await kit.see(page, "3 assets deleted.");
    await kit.gone(page.getByRole("link", { name: "Bulk one" }));
  },
};
