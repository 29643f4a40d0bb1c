// Uploads: a dropped folder, what is explained before, a reload in the middle, pause and picture.
import { mkdtempSync, rmSync, utimesSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WAIT } from "../kit.mjs";

const CRANE = "/databases/e2e-yard/assets/test-crane";

export const upload = {
  "what will happen is said before anything is sent": async (page, kit) => {
    await kit.open(page, CRANE);
    await kit.drop(page, page.locator(".vams-file-empty"), [
      { name: "notes.txt", text: "first", type: "text/plain" },
      { name: "table.csv", text: "a,b\n1,2\n", type: "text/csv" },
      { name: "tool.exe", text: "MZ", type: "" },
      { name: "model.step", text: "ISO", type: "" },
      { name: ".DS_Store", text: "x", type: "" },
    ]);
    await kit.see(page, "Programs and scripts (.exe) are not taken.");
    await kit.see(page, /The database takes .*only\./);
    await kit.see(page, "A file of the operating system.");
    await kit.see(page, "2 files to send, 13 B");
    const dialog = kit.dialog(page);
    await dialog.getByText("Tags and metadata").click();
    await dialog.getByRole("button", { name: "Add a field" }).click();
    await dialog.getByRole("textbox", { name: "Name of the field" }).fill("Source");
    await dialog.getByRole("textbox", { name: "Source", exact: true }).fill("e2e");
    await kit.themed(page, "upload-dialog");
    await dialog.getByRole("button", { name: "Upload 2 files" }).click();
    await kit.see(page, "2 files uploaded to Test crane 2.");
    await page.getByRole("link", { name: "table.csv" }).waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "upload-done");
    await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
    await kit.open(page, `${CRANE}/file/table.csv`);
    await kit.see(page, "e2e");
  },
  "a file that is there becomes a new version, or is left out": async (page, kit) => {
    await kit.open(page, CRANE);
    await kit.drop(page, page.locator(".vams-files"), [
      { name: "notes.txt", text: "second", type: "text/plain" },
    ]);
    await kit.see(page, "It is there already and gets a new version.");
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Leave them out").click();
    await kit.see(page, "0 files to send, 0 B");
    await dialog.getByRole("radio", { name: /Keep both/ }).click();
    await kit.see(page, "/notes (2).txt");
    await dialog.getByRole("radio", { name: /New version/ }).click();
    await kit.inspect(page, "upload-conflict");
    await dialog.getByRole("button", { name: "Upload 1 file" }).click();
    await kit.see(page, "1 file uploaded to Test crane 2.");
    await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
  },
  "a folder is uploaded, with a reload in the middle": async (page, kit) => {
    const folder = mkdtempSync(join(tmpdir(), "vams-e2e-"));
    const survey = join(folder, "survey");
    try {
      mkdirSync(join(survey, "raw"), { recursive: true });
      for (let number = 0; number < 60; ++number) {
        const path = join(survey, number % 2 ? "raw" : ".", `point-${number}.txt`);
        writeFileSync(path, `point ${number}\n`.repeat(200));
        utimesSync(path, 1_700_000_000, 1_700_000_000);
      }
      const big = join(survey, "cloud.csv");
      writeFileSync(big, Buffer.alloc(40_000_000, "0,1,2\n"));
      utimesSync(big, 1_700_000_000, 1_700_000_000);
      await kit.open(page, CRANE);
      // Some parts are held back, so that the reload comes in the middle.
      let held = 0;
      await page.route(
        (url) => url.pathname.startsWith("/objects/"),
        async (route) => {
          if (route.request().method() === "PUT" && ++held > 30) return; // never answered
          await route.continue();
        },
      );
      await page.locator("input[data-picks=folder]").first().setInputFiles(survey);
      await kit.see(page, "61 files to send");
      await kit.dialog(page).getByRole("button", { name: "Upload 61 files" }).click();
      const tray = page.getByRole("complementary", { name: "Uploads" });
      await tray.getByText(/of 61 files/).waitFor({ timeout: WAIT });
      while (held <= 30) await page.waitForTimeout(100);
      await page.waitForTimeout(1500); // what has arrived is written down
      await kit.inspect(page, "upload-running");
      await page.unrouteAll({ behavior: "ignoreErrors" });
      await page.reload();
      await tray
        .getByText(/interrupted/)
        .first()
        .waitFor({ timeout: WAIT });
      await kit.settled(page);
      await kit.themed(page, "upload-interrupted");
      let sent = 0;
      page.on("request", (request) => {
        if (request.method() === "PUT" && request.url().includes("/objects/")) ++sent;
      });
      await tray.locator("input[data-picks=folder]").setInputFiles(survey);
      await kit.see(page, "61 files uploaded to Test crane 2.");
      // 60 small files and three parts of the large one, less what was sent before.
      if (sent > 63 - 25)
        kit.problem(`${sent} parts were sent after the reload; some are sent twice`);
      await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
      await page.getByRole("link", { name: "survey", exact: true }).click();
      await page.getByRole("link", { name: "cloud.csv" }).waitFor({ timeout: WAIT });
      const size = await page.locator(".vams-file", { hasText: "cloud.csv" }).innerText();
      if (!size.includes("40.0 MB")) kit.problem(`cloud.csv is not whole: ${size}`);
      await kit.settled(page);
      await kit.themed(page, "upload-folder");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  "an upload is paused, goes on, and survives a lost connection": async (page, kit) => {
    await kit.open(page, CRANE);
    let broken = true;
    await page.route(
      (url) => url.pathname.startsWith("/objects/"),
      async (route) => {
        if (route.request().method() !== "PUT" || !broken) return route.continue();
        return route.abort("connectionreset");
      },
    );
    kit.expected = ["offline"];
    await kit.drop(page, page.locator(".vams-files"), [
      { name: "late.txt", text: "late", type: "text/plain" },
    ]);
    await kit.dialog(page).getByRole("button", { name: "Upload 1 file" }).click();
    const tray = page.getByRole("complementary", { name: "Uploads" });
    await tray.getByText(/waits for the connection/).waitFor({ timeout: WAIT });
    await kit.inspect(page, "upload-offline");
    await tray.getByRole("button", { name: "Pause" }).click();
    await tray.getByText(/paused/).waitFor({ timeout: WAIT });
    broken = false;
    await tray.getByRole("button", { name: "Resume" }).click();
    await kit.see(page, "1 file uploaded to Test crane 2.");
    await page.unrouteAll({ behavior: "wait" });
    await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
  },
  "the picture of an asset": async (page, kit) => {
    await kit.open(page, CRANE);
    const png = await page.screenshot({ clip: { x: 0, y: 60, width: 280, height: 210 } });
    await page.locator("input[data-picks=preview]").setInputFiles({
      name: "cover.png",
      mimeType: "image/png",
      buffer: png,
    });
    await kit.see(page, "1 file uploaded to Test crane 2.");
    await page.getByRole("img", { name: "Picture of Test crane 2" }).waitFor({ timeout: WAIT });
    await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
  },
  "files dropped beside assets make a new one": async (page, kit) => {
    await kit.open(page, "/databases/e2e-yard/assets?view=grid");
    await kit.drop(page, page.locator(".vams-results"), [
      { name: "dropped.txt", text: "dropped", type: "text/plain" },
    ]);
    await page.getByRole("heading", { name: "Create an asset" }).waitFor({ timeout: WAIT });
    await page.getByLabel("Description").fill("Made of a dropped file");
    await page.getByLabel("Identifier").fill("dropped");
    await kit.inspect(page, "asset-create-dropped");
    await page.getByRole("button", { name: "Create and upload" }).click();
    await page.getByRole("heading", { name: "dropped", exact: true }).waitFor({ timeout: WAIT });
    await page.getByRole("link", { name: "dropped.txt" }).waitFor({ timeout: WAIT });
    await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
  },
  "files dropped anywhere on the page of an asset are uploaded to it": async (page, kit) => {
    await kit.open(page, `${CRANE}?tab=metadata`);
    await kit.drop(page, page.locator(".vams-facts").first(), [
      { name: "beside.txt", text: "one", type: "text/plain" },
      { name: "beside.txt", text: "two", type: "text/plain" },
    ]);
    await kit.see(page, "Chosen twice; the one that was chosen last is taken.");
    await kit.inspect(page, "upload-beside");
    await kit.dialog(page).getByRole("button", { name: "Upload 1 file" }).click();
    await kit.see(page, "1 file uploaded to Test crane 2.");
    await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
  },
  "files dropped beside databases make an asset in one of them": async (page, kit) => {
    await kit.open(page, "/databases");
    await page.getByRole("checkbox", { name: "Choose e2e-yard" }).check();
    await kit.drop(page, page.getByRole("link", { name: "e2e-yard", exact: true }), [
      { name: "plan.txt", text: "plan", type: "text/plain" },
    ]);
    await page.getByRole("heading", { name: "Create an asset" }).waitFor({ timeout: WAIT });
    await kit.see(page, "plan.txt");
    if (!page.url().endsWith("/upload/e2e-yard")) kit.problem(`the asset goes to ${page.url()}`);
    // Nothing was filled in yet, so nothing is asked.
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("heading", { name: /^Databases/ }).waitFor({ timeout: WAIT });
  },
};
