// What the steps share: opening pages, waiting for them, pictures, axe-core, and what counts as a
// failure: an error in the console, a request to another host, a finding of axe-core that is serious.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// Generous: the machine may be slow and busy.
export const WAIT = Number(process.env.VAMS_E2E_WAIT ?? 60_000);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

function isSettled() {
  return (
    document.querySelector(".vams-waiting, .vams-loading, .vams-card[aria-busy=true]") === null &&
    document.querySelector(".vams-tile[data-waiting=true]") === null &&
    [...document.images].every((image) => image.complete)
  );
}

export class Kit {
  problems = [];
  step = "start";
  /** Answers with an error status that the running step asks for. */
  expected = [];

  constructor(options) {
    this.options = options;
    this.base = new URL(options.url.endsWith("/") ? options.url : `${options.url}/`);
    mkdirSync(options.out, { recursive: true });
  }

  problem(text) {
    this.problems.push(`${this.step}: ${text}`);
    console.error(`  FAILED ${text}`);
  }

  watch(page) {
    page.setDefaultTimeout(WAIT);
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      const status = /the server responded with a status of (\d+)/.exec(message.text())?.[1];
      if (status !== undefined && this.expected.includes(Number(status))) return;
      if (this.expected.includes("offline") && message.text().includes("net::ERR")) return;
      this.problem(`console: ${message.text()} ${message.location().url ?? ""}`);
    });
    // The only question that the browser itself asks: whether to leave.
    page.on("dialog", (asked) => void asked.accept().catch(() => undefined));
    page.on("pageerror", (error) => this.problem(`exception: ${error.message}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (["http:", "https:", "ws:", "wss:"].includes(url.protocol) && url.host !== this.base.host)
        this.problem(`request to another host: ${url.href}`);
    });
  }

  async inspect(page, name) {
    // Not through the page's own scripts: those are held to the server's policy.
    await page.evaluate(axe);
    const found = await page.evaluate(async () => {
      const result = await globalThis.axe.run(document, { resultTypes: ["violations"] });
      return (
        result.violations
          .filter((violation) => ["serious", "critical"].includes(violation.impact ?? ""))
          // The component library's own drawer for small windows: an orientation that its role lacks.
          .map((violation) => ({
            id: violation.id,
            nodes: violation.nodes.filter((node) => !node.html.includes("_mobile-toolbar-nav_")),
          }))
          .filter((violation) => violation.nodes.length > 0)
          .map(
            (violation) =>
              `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
          )
      );
    });
    for (const violation of found) this.problem(`axe-core on ${name}: ${violation}`);
    const wide = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (wide > 1) this.problem(`${name} is ${wide} pixels wider than the window`);
    await this.picture(page, name);
  }

  picture(page, name) {
    return page.screenshot({ path: join(this.options.out, `${name}.png`) });
  }

  /** Asked again and again from outside: the page's policy lets no condition be compiled in it. */
  async settled(page) {
    await page.waitForLoadState("networkidle", { timeout: WAIT });
    const end = Date.now() + WAIT;
    while (!(await page.evaluate(isSettled))) {
      if (Date.now() > end) throw new Error("the page goes on loading");
      await page.waitForTimeout(50);
    }
  }

  /** Anew, also where the address is the present one. */
  async open(page, path) {
    const address = new URL(`#${path}`, this.base).href;
    if (page.url() === address) await page.reload();
    else await page.goto(address);
    await this.settled(page);
  }

  async see(page, text, options = {}) {
    await page.getByText(text, options).first().waitFor({ timeout: WAIT });
  }

  async gone(locator) {
    await locator.first().waitFor({ state: "detached", timeout: WAIT });
  }

  async signIn(page, user, password) {
    await page.getByLabel("User name").fill(user);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  }

  /** A picture and axe-core in both themes. */
  async themed(page, name) {
    for (const theme of ["light", "dark"]) {
      await page.evaluate((wanted) => {
        localStorage.setItem("vams-theme-preference", wanted);
        dispatchEvent(new StorageEvent("storage", { key: "vams-theme-preference" }));
      }, theme);
      // Colours fade into each other.
      do await page.waitForTimeout(400);
      while (
        await page.evaluate(() =>
          document.getAnimations().some((one) => one.playState === "running"),
        )
      );
      await this.inspect(page, `${name}-${theme}`);
    }
  }

  /** The dialog that is open. */
  dialog(page) {
    return page.getByRole("dialog").filter({ visible: true }).last();
  }

  /** Chooses from a list that opens below a field. */
  async choose(page, field, option) {
    await field.click();
    await page.getByRole("option", { name: option }).first().click();
  }

  /** Files onto a part of the page, as a drag from the desktop brings them. */
  async drop(page, locator, files) {
    const data = await page.evaluateHandle((given) => {
      const transfer = new DataTransfer();
      for (const { name, text, type } of given)
        transfer.items.add(new File([text], name, { type, lastModified: 1_700_000_000_000 }));
      return transfer;
    }, files);
    for (const type of ["dragenter", "dragover", "drop"])
      await locator.dispatchEvent(type, { dataTransfer: data });
  }

  /** A call beside the browser, with the administrator's token. */
  async call(method, path, body, token) {
    const headers = { "content-type": "application/json" };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    const answer = await fetch(new URL(path, this.base), {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** Uploads files of the asset `of` beside the browser; `files` are contents by name. */
  async send(of, files, token) {
    const common = { ...of, uploadType: "assetFile" };
    const wanted = Object.entries(files).map(([name, content]) => ({
      relativeKey: `/${name}`,
      file_size: Buffer.byteLength(content),
      num_parts: 1,
    }));
    const begun = await this.call("POST", "uploads", { ...common, files: wanted }, token);
    const done = [];
    for (const { relativeKey, uploadIdS3, partUploadUrls } of begun.files) {
      const { pathname, search } = new URL(partUploadUrls[0].UploadUrl, this.base);
      const body = files[relativeKey.slice(1)];
      const answer = await fetch(new URL(pathname + search, this.base), { method: "PUT", body });
      if (!answer.ok) throw new Error(`${relativeKey} is not taken: ${answer.status}`);
      const parts = [{ PartNumber: 1, ETag: answer.headers.get("etag").replaceAll('"', "") }];
      done.push({ relativeKey, uploadIdS3, parts });
    }
    await this.call(
      "POST",
      `uploads/${begun.uploadId}/complete`,
      { ...common, files: done },
      token,
    );
  }

  async token(user = this.options.user, password = this.options.password) {
    return (await this.call("POST", "auth/login", { userId: user, password })).accessToken;
  }
}
