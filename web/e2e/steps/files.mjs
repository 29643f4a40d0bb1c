// The file manager: folders, moving by drag and by menu, putting away, roles, versions, many as one.
import { readFileSync } from "node:fs";
import { WAIT } from "../kit.mjs";

const CRANE = "/databases/e2e-yard/assets/test-crane";

async function act(page, entry) {
  await page.getByRole("button", { name: "File actions" }).click();
  await page.getByRole("menuitem", { name: entry, exact: true }).click();
}

async function choose(page, ...names) {
  for (const name of names)
    await page.getByRole("checkbox", { name: `Choose ${name}`, exact: true }).check();
}

export const files = {
  "a folder is made": async (page, kit) => {
    await kit.open(page, CRANE);
    await page.getByRole("button", { name: "New folder" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("Name").fill("a/b");
    await kit.see(page, /can be part of a name/);
    await dialog.getByLabel("Name").fill("sorted");
    await kit.inspect(page, "folder-create");
    await dialog.getByRole("button", { name: "Make folder" }).click();
    await page.getByRole("link", { name: "sorted", exact: true }).waitFor({ timeout: WAIT });
    await kit.settled(page);
    await kit.themed(page, "files");
  },
  "files are moved by dragging": async (page, kit) => {
    const line = page.locator(".vams-file", { hasText: "notes.txt" });
    await line.dragTo(page.getByRole("treeitem", { name: /sorted/ }));
    await kit.see(page, "Move notes.txt");
    await kit.inspect(page, "files-move");
    await kit.dialog(page).getByRole("button", { name: "Move", exact: true }).last().click();
    await kit.see(page, "1 file moved to /sorted/");
    await page.getByRole("link", { name: "sorted", exact: true }).click();
    await page.getByRole("link", { name: "notes.txt" }).waitFor({ timeout: WAIT });
  },
  "a folder is renamed with the keyboard": async (page, kit) => {
    await kit.open(page, CRANE);
    await choose(page, "survey");
    await page.getByRole("grid", { name: "Files" }).focus();
    await page.keyboard.press("F2");
    const dialog = kit.dialog(page);
    await dialog.getByLabel("New name").fill("survey-1");
    await dialog.getByLabel("New name").press("Enter");
    await kit.see(page, "survey is called survey-1 now.");
    await page.getByRole("link", { name: "survey-1", exact: true }).waitFor({ timeout: WAIT });
    await kit.gone(page.getByRole("link", { name: "survey", exact: true }));
  },
  "files are copied to another asset": async (page, kit) => {
    await choose(page, "table.csv");
    await act(page, "Copy");
    const dialog = kit.dialog(page);
    await dialog.getByRole("button", { name: "Another asset" }).click();
    await dialog.getByRole("button", { name: /Which asset/ }).click();
    await page
      .getByRole("option", { name: /^dropped/ })
      .first()
      .click();
    await dialog.getByLabel("Folder").fill("from/crane");
    await page.keyboard.press("Escape");
    await kit.themed(page, "files-copy");
    await dialog.getByRole("button", { name: "Copy", exact: true }).last().click();
    await kit.see(page, "1 file copied to /from/crane/");
    await kit.open(page, "/databases/e2e-yard/assets/dropped?folder=%2Ffrom%2Fcrane%2F");
    await page.getByRole("link", { name: "table.csv" }).waitFor({ timeout: WAIT });
  },
  "a role, and archiving with its undo": async (page, kit) => {
    await kit.open(page, CRANE);
    await choose(page, "table.csv");
    await act(page, "Role in the asset");
    const dialog = kit.dialog(page);
    await kit.choose(page, dialog.getByRole("button", { name: /^Role/ }), "Primary");
    await kit.inspect(page, "file-role");
    await dialog.getByRole("button", { name: "Set role" }).click();
    await page.locator(".vams-file", { hasText: "table.csv" }).getByText("primary").waitFor();
    await choose(page, "table.csv");
    await act(page, "Archive");
    await kit.dialog(page).getByRole("button", { name: "Archive", exact: true }).click();
    await kit.see(page, "table.csv archived.");
    await kit.gone(page.getByRole("link", { name: "table.csv" }));
    await page.getByText("Show archived", { exact: true }).click();
    await page.locator(".vams-file", { hasText: "table.csv" }).getByText("Archived").waitFor();
    await kit.settled(page);
    await kit.inspect(page, "files-archived");
    await page.getByRole("button", { name: "Undo" }).click();
    await kit.gone(page.locator(".vams-file", { hasText: "table.csv" }).getByText("Archived"));
  },
  "files are deleted for good": async (page, kit) => {
    await choose(page, "late.txt");
    await act(page, "Delete for good");
    const dialog = kit.dialog(page);
    await dialog.getByLabel(/Type “delete”/).fill("delete");
    await kit.inspect(page, "files-delete");
    await dialog.getByRole("button", { name: "Delete for good" }).click();
    await kit.gone(page.getByRole("link", { name: "late.txt" }));
  },
  "many files as one": async (page, kit) => {
    await kit.open(page, `${CRANE}?folder=%2Fsurvey-1%2F`);
    await page.getByRole("link", { name: "point-0.txt" }).waitFor({ timeout: WAIT });
    await page.getByRole("button", { name: "Download folder" }).click();
    await kit.themed(page, "files-zip");
    const coming = page.waitForEvent("download", { timeout: WAIT });
    await kit.dialog(page).getByRole("button", { name: "Download as ZIP" }).click();
    const download = await coming;
    const bytes = readFileSync(await download.path());
    if (bytes.readUInt32LE(0) !== 0x04034b50) kit.problem("the download is no ZIP file");
    if (bytes.length < 40_000_000) kit.problem(`the ZIP file has ${bytes.length} bytes`);
    if (!bytes.includes("raw/point-1.txt")) kit.problem("the ZIP file lacks a file");
    await kit.see(page, "61 files saved as survey-1.zip.");
  },
  "links to files": async (page, kit) => {
    await choose(page, "point-0.txt", "point-2.txt");
    await act(page, "Share links");
    await kit.see(page, "Share 2 files");
    await kit.settled(page);
    await kit.themed(page, "share");
    await kit.dialog(page).getByRole("button", { name: "Copy all" }).click();
    const links = (await page.evaluate(() => navigator.clipboard.readText())).split("\n");
    if (links.length !== 2) kit.problem(`not two links: ${links.length}`);
    const answer = await fetch(links[0]);
    if (!answer.ok || !(await answer.text()).startsWith("point 0")) kit.problem("the link is dead");
    await page.keyboard.press("Escape");
  },
  "thousands of files": async (page, kit) => {
    // The server's list, made longer on its way: what counts is that the page holds up.
    const item = (number) => ({
      fileName: `part-${number}.glb`,
      key: `gantry-crane/many/part-${number}.glb`,
      relativePath: `/many/${number % 40}/part-${number}.glb`,
      isFolder: false,
      size: number,
      dateCreatedCurrentVersion: "2026-03-05T10:00:00+00:00",
      versionId: `v${number}`,
      storageClass: "STANDARD",
      isArchived: false,
      currentAssetVersionFileVersionMismatch: false,
      isPermanentlyDeleted: false,
      primaryType: null,
      previewFile: "",
    });
    await page.route(/\/listFiles\?/, (route) =>
      route.fulfill({
        json: {
          items: Array.from({ length: 20_000 }, (_, number) => item(number)),
          NextToken: null,
        },
      }),
    );
    await kit.open(page, "/databases/demo-harbour/assets/bollard");
    await kit.see(page, "(20,000)");
    await page.getByRole("searchbox", { name: "Find a file" }).fill("part-1");
    await kit.see(page, "11,111 matches");
    const lines = await page.locator(".vams-file").count();
    if (lines > 100) kit.problem(`${lines} lines exist at once`);
    await page.getByRole("grid", { name: "Files" }).focus();
    await page.keyboard.press("End");
    await page.getByRole("link", { name: "part-19999.glb" }).waitFor({ timeout: WAIT });
    await kit.inspect(page, "files-many");
    await page.unrouteAll({ behavior: "wait" });
  },
  "the page of a file": async (page, kit) => {
    await kit.open(page, `${CRANE}/file/sorted/notes.txt`);
    await kit.see(page, "Versions of the file");
    await kit.settled(page);
    await kit.themed(page, "file-page");
    await page.getByRole("button", { name: "File actions" }).click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    const dialog = kit.dialog(page);
    await dialog.getByLabel("New name").fill("words.txt");
    await dialog.getByRole("button", { name: "Rename", exact: true }).click();
    await page.getByRole("heading", { name: "words.txt" }).first().waitFor({ timeout: WAIT });
    await kit.settled(page);
  },
  "a file goes back to a former version": async (page, kit) => {
    await kit.open(page, CRANE);
    for (const text of ["one", "three"]) {
      await kit.drop(page, page.locator(".vams-files"), [
        { name: "back.txt", text, type: "text/plain" },
      ]);
      await kit.dialog(page).getByRole("button", { name: "Upload 1 file" }).click();
      await kit.see(page, "1 file uploaded to Test crane 2.");
      await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
      await kit.settled(page);
    }
    await kit.open(page, `${CRANE}/file/back.txt`);
    await page.getByRole("button", { name: /^Go back to the file of/ }).click();
    await kit.inspect(page, "file-revert");
    await kit.dialog(page).getByRole("button", { name: "Go back" }).click();
    await kit.see(page, "back.txt is as it was.");
    await page
      .getByRole("heading", { name: "Versions of the file (3)" })
      .waitFor({ timeout: WAIT });
  },
};
