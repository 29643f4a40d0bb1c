// The relationships of an asset as a graph.
import { WAIT } from "../kit.mjs";

const CRANE = "/databases/demo-harbour/assets/gantry-crane";
const node = (page, name) => page.locator(".vams-node", { hasText: name });

export const graph = {
  "a graph beside the tree": async (page, kit) => {
    await kit.open(page, `${CRANE}?tab=links`);
    await kit.see(page, "Quay wall scan");
    await kit.settled(page);
    await kit.themed(page, "links-tree");
    await page
      .getByRole("button", { name: "Graph", exact: true })
      .or(page.getByRole("radio", { name: "Graph" }))
      .first()
      .click();
    for (const name of ["Gantry crane", "Trolley", "Crane wheel", "Quay wall scan"])
      await node(page, name).waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "links-graph");
    if (!page.url().includes("links=graph")) kit.problem("the graph has no address of its own");
  },
  "it grows and shrinks": async (page, kit) => {
    await page.getByRole("button", { name: "Show the links of Trolley" }).click();
    await node(page, "Hook block").waitFor({ timeout: WAIT });
    await kit.see(page, "left");
    await page.getByRole("button", { name: "The graph as text" }).click();
    await kit.see(page, "Hook block is part of Trolley");
    await kit.themed(page, "links-graph-open");
    await page.getByRole("button", { name: "Hide the links of Trolley" }).click();
    await kit.gone(node(page, "Hook block"));
  },
  "an asset of the graph is opened with the keyboard": async (page, kit) => {
    const link = node(page, "Trolley").getByRole("link", { name: "Trolley" });
    await page.getByRole("button", { name: "Hide the links of Gantry crane" }).focus();
    for (let i = 0; i < 12; ++i) {
      await page.keyboard.press("Tab");
      if (await link.evaluate((element) => element === document.activeElement)) break;
    }
    if (!(await link.evaluate((element) => element === document.activeElement)))
      kit.problem("the keyboard does not reach the assets of the graph");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Trolley", exact: true }).waitFor({ timeout: WAIT });
  },
  "links across databases": async (page, kit) => {
    await kit.open(page, "/databases/demo-studio/assets/cargo-crate?tab=links&links=graph");
    const foreign = node(page, "Quay at evening");
    await foreign.waitFor({ timeout: WAIT });
    await kit.see(page, "demo-harbour");
    if ((await foreign.getAttribute("data-foreign")) !== "true")
      kit.problem("an asset of another database is not told apart");
    await kit.settled(page);
    await kit.inspect(page, "links-graph-foreign");
  },
};
