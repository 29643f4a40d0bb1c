// Other people: what a role hides, sessions that are renewed or end, the second factor.
import { createHmac } from "node:crypto";
import { statSync } from "node:fs";
import { WAIT } from "../kit.mjs";

const PASSWORD = "Another-Horse-8";

async function makeUser(kit, userId, roles) {
  const token = await kit.token();
  const made = await kit.call(
    "POST",
    "user/cognito",
    { userId, email: `${userId}@plant.test` },
    token,
  );
  await kit.call("POST", "user-roles", { userId, roleName: roles }, token);
  return made.temporaryPassword;
}

/** The code of an authenticator app, some half minutes from now. */
function codeOf(secret, steps) {
  const bits = [...secret.replace(/=+$/, "")]
    .map((letter) =>
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"),
    )
    .join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const digest = createHmac("sha1", key).update(time).digest();
  const at = (digest[19] ?? 0) & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

let reader = null;

export const people = {
  "a session is renewed without a word": async (page, kit) => {
    await kit.open(page, "/databases");
    let renewed = 0;
    page.on("request", (request) => {
      if (request.url().endsWith("/auth/refresh")) ++renewed;
    });
    let refused = false;
    await page.route(/\/search$/, (route) => {
      if (refused) return route.continue();
      refused = true;
      return route.fulfill({ status: 401, json: { message: "Unauthorized" } });
    });
    kit.expected = [401];
    // Something that was not asked before.
    await kit.open(page, "/search?q=gantry&archived=1");
    await kit.see(page, "Gantry crane");
    if (renewed === 0) kit.problem("the session was not renewed");
    await page.unrouteAll({ behavior: "wait" });
  },
  "a reader changes the temporary password, and sees nothing that would be refused": async (
    _,
    kit,
  ) => {
    const temporary = await makeUser(kit, "e2e-rita", ["basicReadOnly"]);
    const page = await kit.newPage();
    reader = page;
    // This role may not fetch files through signed addresses; their pictures stay away.
    kit.expected = [403];
    await page.goto(kit.base.href);
    await kit.signIn(page, "e2e-rita", temporary);
    await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("New password again", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Set password" }).click();
    await kit.see(page, "Gantry crane");
    await kit.settled(page);
    await kit.inspect(page, "reader-assets");
    const none = async (role, name) => {
      if ((await page.getByRole(role, { name }).count()) > 0)
        kit.problem(`a reader sees “${name}”`);
    };
    await none("link", "Create Asset");
    await none("button", "Create asset");
    await none("checkbox", /^Choose/);
    await kit.open(page, "/databases");
    for (const name of ["Create database", "Edit", "Delete"]) await none("button", name);
    await kit.open(page, "/databases/demo-harbour/assets/gantry-crane");
    await page.getByRole("link", { name: "gantry.glb" }).waitFor({ timeout: WAIT });
    for (const name of ["Edit", "Upload", "New folder", "Subscribe"]) await none("button", name);
    await page.getByRole("button", { name: "Actions", exact: true }).click();
    await none("menuitem", "Archive");
    await none("menuitem", "Delete for good");
    await page.keyboard.press("Escape");
    await kit.settled(page);
    await kit.inspect(page, "reader-asset");
    await page.getByRole("tab", { name: "Metadata" }).click();
    await kit.see(page, "Northbank Works");
    await none("button", /^Edit /);
    await page.getByRole("tab", { name: "Versions" }).click();
    await kit.see(page, "As designed");
    await none("button", "Make a version");
    await none("button", /^Actions for v/);
    await page.getByRole("tab", { name: "Relationships" }).click();
    await page.getByRole("link", { name: "Trolley" }).first().waitFor({ timeout: WAIT });
    await none("button", /^Add/);
    await none("button", /^Remove/);
    await kit.open(page, "/upload");
    await kit.see(page, "No access to this page");
    await kit.inspect(page, "reader-denied");
  },
  "a reader downloads all the same": async (_, kit) => {
    const page = reader;
    kit.expected = [403];
    await kit.open(page, "/databases/demo-harbour/assets/gantry-crane/file/data/load-table.csv");
    const coming = page.waitForEvent("download", { timeout: WAIT });
    await page.getByRole("button", { name: "Download", exact: true }).click();
    const { size } = statSync(await (await coming).path());
    if (size !== 299) kit.problem(`the download has ${size} bytes`);
  },
  "a session that has ended leads to the sign-in, and back": async (_, kit) => {
    const page = reader;
    kit.expected = [400, 401, 403];
    await kit.open(page, "/databases/demo-harbour/assets/bollard");
    await kit.call("POST", "user/cognito/e2e-rita/resetPassword", {}, await kit.token());
    await page.getByRole("tab", { name: "Metadata" }).click();
    await kit.see(page, "Your session has ended. Please sign in again.");
    await kit.themed(page, "session-ended");
    if (!page.url().includes("bollard")) kit.problem("the address is lost with the session");
    await page.context().close();
  },
  "the second factor": async (_, kit) => {
    const temporary = await makeUser(kit, "e2e-mona", ["admin"]);
    const step = await kit.call("POST", "auth/login", { userId: "e2e-mona", password: temporary });
    const first = await kit.call("POST", "auth/challenge", {
      session: step.session,
      newPassword: PASSWORD,
    });
    const { secret } = await kit.call("POST", "auth/mfa", undefined, first.accessToken);
    await kit.call("POST", "auth/mfa/confirm", { code: codeOf(secret, -1) }, first.accessToken);
    const page = await kit.newPage();
    await page.goto(kit.base.href);
    await kit.signIn(page, "e2e-mona", PASSWORD);
    await page.getByLabel("Code").waitFor({ timeout: WAIT });
    await kit.themed(page, "second-factor");
    kit.expected = [400, 401, 403];
    await page.getByLabel("Code").fill("000000");
    await page.getByRole("button", { name: "Verify" }).click();
    await page.locator(".si-problem").waitFor({ timeout: WAIT });
    await page.getByLabel("Code").fill(codeOf(secret, 0));
    await page.getByRole("button", { name: "Verify" }).click();
    await kit.see(page, "Gantry crane");
    kit.expected = [];
    await page.getByRole("button", { name: /^Account of/ }).click();
    await page
      .getByText(/second factor used/)
      .first()
      .waitFor({ state: "attached", timeout: WAIT });
    await page.context().close();
  },
};
