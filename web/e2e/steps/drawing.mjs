// Shapes drawn on the map of the metadata editor, by mouse and by keyboard.
import { WAIT } from "../kit.mjs";

const PAGE = "/databases/demo-harbour/assets/bollard?tab=metadata";

async function shape(page, field) {
  return JSON.parse(await field.inputValue());
}

export const drawing = {
  "an area is drawn, changed and saved": async (page, kit) => {
    await kit.open(page, PAGE);
    await page.getByRole("button", { name: "Add a field" }).first().click();
    await page.getByRole("textbox", { name: "Name of the field" }).last().fill("ground");
    await page.getByRole("button", { name: /Type of ground/ }).click();
    await page.getByRole("option", { name: "GeoJSON", exact: true }).click();
    await page.getByRole("button", { name: "Draw on the map" }).click();
    const map = page.getByRole("application");
    await map.locator("path.vams-land").first().waitFor({ timeout: WAIT });
    await map.scrollIntoViewIfNeeded();
    const field = page.getByRole("textbox", { name: "ground", exact: true });
    await page.getByText("Area", { exact: true }).click();
    for (const position of [
      { x: 120, y: 110 },
      { x: 260, y: 120 },
      { x: 240, y: 250 },
    ])
      await map.click({ position });
    await map.click({ position: { x: 121, y: 110 } });
    const drawn = await shape(page, field);
    if (drawn.type !== "Polygon" || drawn.coordinates[0].length !== 4)
      kit.problem(`not the area that was drawn: ${JSON.stringify(drawn)}`);
    await page.getByText("Change", { exact: true }).click();
    await page.getByRole("button", { name: "Choose shape 1: Area with 3 corners" }).click();
    await kit.settled(page);
    await kit.themed(page, "drawing");
    const corner = map.locator("circle.vams-corner").first();
    const box = await corner.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 40, box.y + 40, { steps: 4 });
    await page.mouse.up();
    const moved = await shape(page, field);
    if (JSON.stringify(moved) === JSON.stringify(drawn)) kit.problem("a dragged corner stays");
    await page.getByRole("button", { name: "Undo the last step" }).click();
    if (JSON.stringify(await shape(page, field)) !== JSON.stringify(drawn))
      kit.problem("undoing does not bring the corner back");
    await page.getByRole("button", { name: "Do the step again" }).click();
    await page.getByRole("button", { name: "Save 1 change" }).click();
    await kit.see(page, "1 change of the metadata saved.");
  },
  "a line is drawn with the keyboard": async (page, kit) => {
    await kit.open(page, PAGE);
    await page.getByRole("button", { name: "Edit ground" }).click();
    await page.getByRole("button", { name: "Draw on the map" }).click();
    const map = page.getByRole("application");
    await map.locator("path.vams-land").first().waitFor({ timeout: WAIT });
    await page.getByText("Line", { exact: true }).click();
    await map.focus();
    for (const key of ["Enter", "ArrowRight", "Enter", "ArrowDown", "Enter", "Enter"])
      await page.keyboard.press(key);
    const field = page.getByRole("textbox", { name: "ground", exact: true });
    const both = await shape(page, field);
    if (both.type !== "FeatureCollection" || both.features[1]?.geometry.coordinates.length !== 3)
      kit.problem(`the keyboard draws no line: ${JSON.stringify(both)}`);
    await kit.inspect(page, "drawing-keyboard");
    await page.keyboard.press("Control+z");
    if ((await shape(page, field)).type !== "Polygon") kit.problem("Ctrl+Z undoes nothing");
    await field.fill('{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}');
    await kit.see(page, "The outline of an area crosses itself.");
    await page.getByRole("button", { name: "Discard" }).click();
    await page.getByRole("button", { name: "Remove ground" }).click();
    await page.getByRole("button", { name: "Save 1 change" }).click();
    await kit.gone(page.getByText("ground", { exact: true }));
  },
};
