// Lists seen in other ways: as cards and on a map, narrowed down by metadata, kept as searches.
import { WAIT } from "../kit.mjs";
import { coloursOf } from "./viewers.mjs";

const heading = (page, name) =>
  page.getByRole("heading", { name }).first().waitFor({ timeout: WAIT });

async function until(what, check) {
  const end = Date.now() + WAIT;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const STYLE = {
  version: 8,
  sources: {},
  layers: [{ id: "ground", type: "background", paint: { "background-color": "#2f6f5e" } }],
};

export const views = {
  cards: async (page, kit) => {
    await kit.open(page, "/assets?view=cards");
    const card = page.locator(".vams-card[data-layout=cards]", { hasText: "Gantry crane" });
    await card.getByText("Height: 17.2").waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "assets-cards");
    await kit.open(page, "/search?q=gantry&mode=file&view=cards");
    await page
      .locator(".vams-card-name", { hasText: "gantry.glb" })
      .first()
      .waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "files-cards");
  },
  "a field of metadata is suggested and compared": async (page, kit) => {
    await kit.open(page, "/assets?view=grid");
    const field = page.getByRole("combobox", { name: "Metadata field" });
    await field.fill("Heig");
    await page.getByRole("option", { name: /^Height/ }).click();
    await kit.choose(page, page.getByRole("button", { name: /^Comparison/ }), "is at least");
    await page.getByRole("combobox", { name: "Metadata value" }).fill("10");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Add metadata filter" }).click();
    await heading(page, "Assets and files (1)");
    await kit.see(page, "Height is at least 10");
    await kit.see(page, "Gantry crane");
    if (!page.url().includes("meta.from=Height"))
      kit.problem("the condition does not stand in the address");
    await kit.settled(page);
    await kit.themed(page, "filter-metadata");
    await page.getByRole("button", { name: "Remove the filter Height is at least 10" }).click();
    await kit.see(page, "Bollard");
  },
  "one of several conditions is enough": async (page, kit) => {
    await kit.open(page, "/assets?meta.from=Height:10&meta.from=Safe%20load:10");
    await kit.see(page, "Nothing found");
    await kit.choose(
      page,
      page.getByRole("button", { name: /^How the metadata filters are joined/ }),
      "One is enough",
    );
    await heading(page, "Assets and files (2)");
    await kit.see(page, "Hook block");
  },
  "assets that have parts": async (page, kit) => {
    await kit.open(page, "/assets");
    await page.getByRole("button", { name: /^Relationships/ }).click();
    await page.getByRole("option", { name: "Has parts" }).click();
    await page.keyboard.press("Escape");
    await heading(page, "Assets and files (2)");
    await kit.see(page, "Trolley");
  },
  "a search is kept, found again, renamed and deleted": async (page, kit) => {
    await kit.open(page, "/assets?tag=mechanical&view=cards");
    await heading(page, /Assets and files \(\d+\)/);
    const menu = page.getByRole("button", { name: "Searches", exact: true });
    await menu.click();
    await page.getByRole("menuitem", { name: "Save this search" }).click();
    await kit.dialog(page).getByLabel("Name").fill("Mechanical things");
    await kit.themed(page, "search-save");
    await kit.dialog(page).getByRole("button", { name: "Save", exact: true }).click();
    await kit.see(page, "“Mechanical things” is saved.");
    await kit.open(page, "/databases");
    await kit.open(page, "/assets?view=grid");
    await menu.click();
    await page.getByRole("menuitem", { name: "Mechanical things" }).click();
    await until("the search", () => page.url().includes("tag=mechanical"));
    await page.locator(".vams-card[data-layout=cards]").first().waitFor({ timeout: WAIT });
    await menu.click();
    await kit.inspect(page, "search-menu");
    await page.getByRole("menuitem", { name: "Rename or delete" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Name of Mechanical things").fill("Machines");
    await dialog.getByRole("button", { name: "Rename Mechanical things" }).click();
    await dialog.getByLabel("Name of Machines").waitFor({ timeout: WAIT });
    await kit.themed(page, "search-manage");
    await dialog.getByRole("button", { name: "Delete Machines" }).click();
    await dialog.getByText("No searches").waitFor({ timeout: WAIT });
    await dialog.getByRole("button", { name: "Done" }).click();
  },
  map: async (page, kit) => {
    await kit.open(page, "/assets?view=grid");
    await page
      .getByRole("radio", { name: "Map" })
      .or(page.getByRole("button", { name: "Map" }))
      .first()
      .click();
    await kit.see(page, /2 places/);
    await page.locator(".vams-map path.vams-land").first().waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "assets-map");
    // As far as they are put together, and as near as they are apart.
    await page.getByRole("button", { name: "Whole world" }).click();
    await page.locator(".vams-cluster").waitFor({ timeout: WAIT });
    await kit.inspect(page, "assets-map-world");
    await page.locator(".vams-cluster").click();
    await until("the cluster opens", async () => (await page.locator("g.vams-pin").count()) === 2);
    await page.getByRole("button", { name: "Show Gantry crane on the map" }).click();
    const popup = page.getByRole("dialog", { name: "Gantry crane" });
    await popup.getByRole("link", { name: "Gantry crane" }).waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "assets-map-popup");
    await popup.press("Escape");
    await kit.gone(popup);
  },
  "search within the window of the map": async (page, kit) => {
    const frame = page.getByRole("application");
    await frame.focus();
    // To the other side of the earth.
    await page.getByRole("button", { name: "Whole world" }).click();
    await frame.focus();
    for (let i = 0; i < 4; ++i) await page.keyboard.press("+");
    await page.getByRole("button", { name: "Search here" }).click();
    await until("the box in the address", () => page.url().includes("box="));
    await kit.see(page, "0 places");
    await kit.inspect(page, "assets-map-nothing");
    await page.getByRole("button", { name: "Search everywhere" }).click();
    await kit.see(page, /2 places/);
    await kit.open(page, "/assets?view=grid&box=9,53,11,54");
    await heading(page, "Assets and files (2)");
    await kit.see(page, /^Area: /);
  },
  "a configured map lies behind the places": async (page, kit) => {
    await page.route(/\/secure-config$/, async (route) => {
      const answer = await route.fetch();
      const body = { ...(await answer.json()), locationServiceApiUrl: "map/style.json" };
      await route.fulfill({ response: answer, json: body });
    });
    await page.route(/\/map\/style\.json$/, (route) => route.fulfill({ json: STYLE }));
    await page.reload();
    await kit.open(page, "/assets?view=map");
    await kit.see(page, /2 places/);
    await page.locator(".vams-backdrop canvas").waitFor({ timeout: WAIT });
    await until("the map is there", async () => (await page.locator(".vams-land").count()) === 0);
    // The ground of the style, in the coarse steps that colours are counted in.
    const frame = page.locator(".vams-map-frame");
    await until("the ground", async () => (await coloursOf(page, frame)).get(0x265) > 10_000);
    await kit.settled(page);
    await kit.inspect(page, "assets-map-configured");
    await page.unrouteAll({ behavior: "wait" });
    kit.expected = [404];
    await page.route(/\/secure-config$/, async (route) => {
      const answer = await route.fetch();
      const body = { ...(await answer.json()), locationServiceApiUrl: "no-such-map/style.json" };
      await route.fulfill({ response: answer, json: body });
    });
    await page.reload();
    await kit.see(page, "The configured map cannot be loaded; outlines are shown instead.");
    await page.locator(".vams-map path.vams-land").first().waitFor({ timeout: WAIT });
    await page.unrouteAll({ behavior: "wait" });
    kit.expected = [];
    await page.reload();
  },
};
