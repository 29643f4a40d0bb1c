// Versions of an asset: made, described, put away, gone back to, and two of them compared.
import { WAIT } from "../kit.mjs";

const CRANE = "/databases/e2e-yard/assets/test-crane";

export const versions = {
  "a version of all files": async (page, kit) => {
    await kit.open(page, `${CRANE}?tab=versions`);
    await page.getByRole("button", { name: "Make a version" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Comment").fill("As uploaded");
    await dialog.getByLabel("Alias").fill("first");
    await kit.themed(page, "version-create");
    await dialog.getByRole("button", { name: "Make version" }).click();
    await kit.see(page, "Version 1 is made.");
    await page.getByRole("cell", { name: "first" }).waitFor({ timeout: WAIT });
  },
  "a version of chosen files, after changes": async (page, kit) => {
    await kit.open(page, CRANE);
    await kit.drop(page, page.locator(".vams-files"), [
      { name: "table.csv", text: "a,b\n3,4\n5,6\n", type: "text/csv" },
      { name: "added.txt", text: "new", type: "text/plain" },
    ]);
    await kit.dialog(page).getByRole("button", { name: "Upload 2 files" }).click();
    await kit.see(page, "2 files uploaded to Test crane 2.");
    await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
    await kit.open(page, `${CRANE}?tab=metadata`);
    await page.getByRole("button", { name: "Edit Maker" }).click();
    await page.getByRole("textbox", { name: "Maker" }).fill("Southbank");
    await page.getByRole("button", { name: "Save 1 change" }).click();
    await kit.see(page, "1 change of the metadata saved.");
    await kit.open(page, `${CRANE}?tab=versions`);
    await page.getByRole("button", { name: "Make a version" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Comment").fill("Without one file");
    await dialog.getByRole("radio", { name: /Chosen files/ }).click();
    await dialog.getByRole("checkbox", { name: "Choose /back.txt" }).uncheck();
    await kit.settled(page);
    await kit.themed(page, "version-chosen");
    await dialog.getByRole("button", { name: "Make version" }).click();
    await kit.see(page, "Version 2 is made.");
  },
  "two versions are compared": async (page, kit) => {
    await kit.open(page, `${CRANE}?tab=versions`);
    await page.getByRole("checkbox", { name: "Choose v1" }).check();
    await page.getByRole("checkbox", { name: "Choose v2" }).check();
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await kit.see(page, /1 added, 1 removed, 1 changed/);
    await kit.see(page, "Northbank");
    await kit.see(page, "Southbank");
    await kit.settled(page);
    await kit.themed(page, "version-compare");
    await page.getByRole("button", { name: "Exchange the two" }).click();
    await kit.see(page, "/added.txt");
    await page.getByRole("button", { name: "All versions" }).click();
  },
  "a version is compared with the latest files": async (page, kit) => {
    await page.getByRole("checkbox", { name: "Choose v2" }).check();
    await page.getByRole("checkbox", { name: "Choose v1" }).uncheck();
    await page.getByRole("button", { name: "Compare with the latest files" }).click();
    await kit.see(page, /1 added, 0 removed, 0 changed/);
    await page.getByRole("button", { name: "All versions" }).click();
  },
  "a version gets another alias, and is put away": async (page, kit) => {
    await page.getByRole("button", { name: "Actions for v1" }).click();
    await page.getByRole("menuitem", { name: "Edit" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Alias").fill("begin");
    await kit.inspect(page, "version-edit");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByRole("cell", { name: "begin" }).waitFor({ timeout: WAIT });
    await page.getByRole("button", { name: "Actions for v1" }).click();
    await page.getByRole("menuitem", { name: "Archive" }).click();
    await kit.see(page, "v1 is archived.");
    await kit.gone(page.getByRole("cell", { name: "begin" }));
    await page.getByText("Show archived", { exact: true }).click();
    await page.getByRole("cell", { name: "begin" }).waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "versions");
  },
  "the asset goes back to a version": async (page, kit) => {
    await page.getByRole("button", { name: "Actions for v1" }).click();
    await page.getByRole("menuitem", { name: "Go back to it" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Comment").fill("The first was better");
    await dialog.getByRole("checkbox", { name: /Metadata as well/ }).check();
    await kit.inspect(page, "version-revert");
    await dialog.getByRole("button", { name: "Go back" }).click();
    await kit.see(page, /Version 3 holds the files of v1/);
    await kit.open(page, `${CRANE}?tab=metadata`);
    await kit.see(page, "Northbank");
  },
};
