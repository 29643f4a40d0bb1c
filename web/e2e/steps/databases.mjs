// Databases: made, changed, described and deleted.
import { WAIT } from "../kit.mjs";

export const databases = {
  "a database is made": async (page, kit) => {
    await kit.open(page, "/databases");
    await page.getByRole("button", { name: "Create database" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Identifier").fill("e2 yard");
    await kit.see(page, "Letters, digits, - and _ only.");
    await dialog.getByLabel("Identifier").fill("e2e-yard");
    await dialog.getByLabel("Description").fill("Made by the test");
    await dialog.getByLabel("Extensions of files").fill("glb, .csv .txt .png");
    await kit.themed(page, "database-create");
    await dialog.getByRole("button", { name: "Create database" }).click();
    await page.getByRole("heading", { name: /e2e-yard/ }).waitFor({ timeout: WAIT });
    await kit.see(page, "Drop files or folders here to make an asset of them.");
    await kit.settled(page);
    await kit.themed(page, "database-empty");
  },
  "a database is changed": async (page, kit) => {
    await kit.open(page, "/databases");
    await page.getByRole("checkbox", { name: "Choose e2e-yard" }).check();
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Description").fill("Made and changed by the test");
    await dialog.getByRole("button", { name: "Save" }).click();
    await kit.gone(page.getByRole("heading", { name: "Edit e2e-yard" }));
    await kit.see(page, "Made and changed by the test");
  },
  "metadata of a database": async (page, kit) => {
    await kit.settled(page);
    await page.getByRole("button", { name: "Metadata", exact: true }).click();
    const dialog = kit.dialog(page);
    await dialog.getByRole("button", { name: "Edit Location" }).click();
    await dialog.getByLabel("Location: lat").fill("53.54");
    await dialog.getByLabel("Location: long").fill("9.98");
    await dialog.getByLabel("Location: alt").fill("6");
    await dialog.getByRole("button", { name: "Choose on the map" }).click();
    await dialog.locator(".vams-place path.vams-land").first().waitFor({ timeout: WAIT });
    await kit.themed(page, "database-metadata");
    await dialog.getByRole("button", { name: "Save 1 change" }).click();
    await dialog.getByText("lat 53.54, long 9.98, alt 6").waitFor({ timeout: WAIT });
    await dialog.getByRole("button", { name: "Close", exact: true }).click();
  },
  "a database that holds assets stays": async (page, kit) => {
    await kit.open(page, "/databases");
    await page.getByRole("checkbox", { name: "Choose demo-studio" }).check();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    const dialog = kit.dialog(page);
    const button = dialog.getByRole("button", { name: "Delete", exact: true });
    if (await button.isEnabled()) kit.problem("a database can be deleted without typing the word");
    await dialog.getByLabel(/Type “delete”/).fill("delete");
    await kit.themed(page, "database-delete");
    kit.expected = [400];
    await button.click();
    await kit.see(page, "Database contains active assets");
    await kit.inspect(page, "database-delete-refused");
    await dialog.getByRole("button", { name: "Close" }).first().click();
  },
};
