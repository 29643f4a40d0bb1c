// Metadata of every type, as fields, as a sheet and as a CSV file.
import { readFileSync } from "node:fs";
import { WAIT } from "../kit.mjs";

const BACK = "/databases/e2e-yard/assets/dropped?tab=metadata";

async function addField(page, name, type) {
  await page.getByRole("button", { name: "Add a field" }).first().click();
  await page.getByRole("textbox", { name: "Name of the field" }).last().fill(name);
  if (type === undefined) return;
  await page.getByRole("button", { name: new RegExp(`Type of ${name}`) }).click();
  await page.getByRole("option", { name: type, exact: true }).click();
}

export const metadata = {
  "a value of every type": async (page, kit) => {
    await kit.open(page, BACK);
    const box = (name) => page.getByRole("textbox", { name, exact: true });
    await addField(page, "a text");
    await box("a text").fill("steel");
    await addField(page, "b long", "Long text");
    await box("b long").fill("first line\nsecond line");
    await addField(page, "c number", "Number");
    await box("c number").fill("12kg");
    await kit.see(page, "This is no number.");
    await box("c number").fill("12.5");
    await addField(page, "d yes", "Yes or no");
    await kit.choose(page, page.getByRole("button", { name: /^d yes/ }), "Yes");
    await addField(page, "e day", "Date");
    await page.getByRole("textbox", { name: /^e day/ }).fill("2031/04/05");
    await addField(page, "f vector", "Vector");
    for (const [part, value] of [
      ["x", "1"],
      ["y", "2.5"],
      ["z", "-3"],
    ])
      await page.getByLabel(`f vector: ${part}`).fill(value);
    await addField(page, "g turn", "Quaternion");
    for (const [part, value] of [
      ["w", "1"],
      ["x", "0"],
      ["y", "0"],
      ["z", "0"],
    ])
      await page.getByLabel(`g turn: ${part}`).fill(value);
    await addField(page, "h matrix", "Matrix");
    await page.getByRole("button", { name: "Identity" }).click();
    await page.getByLabel("h matrix: row 1, column 4").fill("7");
    await addField(page, "i place", "Place");
    await page.getByLabel("i place: lat").fill("53.5");
    await page.getByLabel("i place: long").fill("9.9");
    await page.getByRole("button", { name: "Choose on the map" }).click();
    const map = page.locator(".vams-place .vams-map-frame");
    await map.locator("path").first().waitFor({ timeout: WAIT });
    const before = await page.getByLabel("i place: lat").inputValue();
    await map.click({ position: { x: 100, y: 60 } });
    if ((await page.getByLabel("i place: lat").inputValue()) === before)
      kit.problem("a click on the map chooses no place");
    await page.getByRole("button", { name: "Close the map" }).click();
    await page.getByLabel("i place: lat").fill("53.5");
    await page.getByLabel("i place: long").fill("9.9");
    await addField(page, "j shape", "GeoJSON");
    await box("j shape").fill('{"type":"LineString","coordinates":[[0,0],[1,"q"]]}');
    await kit.see(page, "Coordinates are lists of numbers.");
    await box("j shape").fill('{"type":"LineString","coordinates":[[0,0],[1,1]]}');
    await addField(page, "k high", "Place and height");
    for (const [part, value] of [
      ["lat", "95"],
      ["long", "9.9"],
      ["alt", "6"],
    ])
      await page.getByLabel(`k high: ${part}`).fill(value);
    await kit.see(page, "The latitude lies between -90 and 90.");
    await page.getByLabel("k high: lat").fill("53.5");
    await addField(page, "l json", "JSON");
    await box("l json").fill('{"a": [1,]}');
    await kit.see(page, /This is no JSON/);
    await box("l json").fill('{"a": [1]}');
    await kit.themed(page, "metadata-edit");
    await page.getByRole("button", { name: "Save 12 changes" }).click();
    await kit.see(page, "12 changes of the metadata saved.");
    for (const shown of ["steel", "12.5", "5 Apr 2031", "x 1, y 2.5, z -3", "lat 53.5, long 9.9"])
      await kit.see(page, shown, { exact: true });
    await kit.settled(page);
    await kit.themed(page, "metadata");
  },
  "a change is undone, a field removed": async (page, kit) => {
    await page.getByRole("button", { name: "Edit a text" }).click();
    await page.getByRole("textbox", { name: "a text", exact: true }).fill("iron");
    await kit.see(page, "Was: steel");
    await page.getByRole("button", { name: "Undo the change of a text" }).click();
    await page.getByRole("button", { name: "Remove b long" }).click();
    await kit.see(page, "Will be removed");
    await kit.inspect(page, "metadata-remove");
    await page.getByRole("button", { name: "Save 1 change" }).click();
    await kit.gone(page.getByText("b long"));
  },
  "a sheet, pasted into": async (page, kit) => {
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Edit as a sheet" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("a text: Value").fill("bronze");
    const next = dialog.getByLabel(/^Line \d+: Field$/);
    await next.focus();
    await page.evaluate(() =>
      navigator.clipboard.writeText(
        'm one\tstring\tfirst\nm two\tNumber\t42\nm three\tstring\t"two\nlines"\n',
      ),
    );
    await page.keyboard.press("Control+v");
    await kit.see(page, "4 values will be written.");
    await kit.themed(page, "metadata-sheet");
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await kit.see(page, "The sheet is saved.");
    await kit.see(page, "bronze");
    await kit.see(page, "42", { exact: true });
  },
  "a CSV file, there and back": async (page, kit) => {
    await page.getByRole("button", { name: "More", exact: true }).click();
    const coming = page.waitForEvent("download", { timeout: WAIT });
    await page.getByRole("menuitem", { name: "Save as CSV file" }).click();
    const text = readFileSync(await (await coming).path(), "utf8");
    if (!text.includes('"two\nlines"')) kit.problem("the CSV file lacks a value of two lines");
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Edit as a sheet" }).click();
    const dialog = kit.dialog(page);
    const changed = `${text.replace("bronze", "silver").replace(/^m one.*\r\n/m, "")}\r\nbroken,nothing,x\r\n`;
    await dialog.locator("input[type=file]").setInputFiles({
      name: "fields.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(changed),
    });
    await kit.see(page, /“nothing” is no type of a value/);
    await kit.see(page, /1 field will be removed: m one/);
    await kit.themed(page, "metadata-csv");
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await kit.see(page, "silver");
    await kit.gone(page.getByText("m one"));
  },
  "unsaved metadata is not lost by accident": async (page, kit) => {
    await page.getByRole("button", { name: "Edit a text" }).click();
    await page.getByRole("textbox", { name: "a text", exact: true }).fill("gold");
    await page.getByRole("tab", { name: "Versions" }).click();
    await kit.see(page, "Leave without saving?");
    await kit.dialog(page).getByRole("button", { name: "Stay", exact: true }).click();
    await page.getByRole("button", { name: "Discard" }).click();
    await kit.see(page, "silver");
  },
};
