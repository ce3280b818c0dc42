// What every browser test shares: one browser, the built page under an odd path, and a page object
// that fails its test on any console error, policy report, uncaught error or request elsewhere.
//
//   story("power off a node", { size: DESKTOP, theme: "dark" }, async (page) => {
//     await page.click("button", "Step");
//     assert.match(await page.text("status"), /web-0 was created/);
//     await page.shot("after-step");
//   });
//
// `stories(name, body)` runs one body at both sizes in both themes.

import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { DIST, serve } from "./server.mjs";

export const DESKTOP = { width: 1440, height: 900 };
export const TABLET = { width: 768, height: 1024 };
export const PHONE = { width: 390, height: 844 };
export const EMBED = { width: 640, height: 420 };
export const MINI = { width: 320, height: 240 };
const SHOTS = fileURLToPath(new URL("./shots/", import.meta.url));
/** The page is never at the root in tests: a wrong absolute URL shows at once. */
const PREFIX = "/some/folder/";
/** Upper limit of each wait for something to appear, in milliseconds. */
const PATIENCE_MS = 15_000;

let browser;
let site;

before(async () => {
  await mkdir(SHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROME_BIN || "/usr/bin/chromium",
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  site = await serve(DIST, { prefix: PREFIX });
});

after(async () => {
  await browser?.close();
  await site?.close();
});

/** A page under watch. `raw` is Playwright's own page, for what the helpers do not cover. */
export class Page {
  /** What has gone wrong so far, one line each; a test ends with this empty. */
  faults = [];

  constructor(raw, label, origin) {
    this.raw = raw;
    this.label = label;
    raw.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        this.faults.push(`console ${message.type()}: ${message.text()}`);
      }
    });
    raw.on("pageerror", (error) => this.faults.push(`uncaught: ${error.message}`));
    raw.on("requestfailed", (request) => {
      // A reload cuts off whatever was still on its way.
      const why = request.failure()?.errorText;
      if (why !== "net::ERR_ABORTED") this.faults.push(`request failed: ${request.url()} ${why}`);
    });
    raw.on("response", (response) => {
      if (response.status() >= 400) this.faults.push(`${response.status()} ${response.url()}`);
    });
    raw.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) {
        this.faults.push(`request leaves the origin: ${url}`);
      }
    });
  }

  /** The element with this role and accessible name (text or pattern), waited for when used. */
  role(role, name, { exact = typeof name === "string" } = {}) {
    return this.raw.getByRole(role, name === undefined ? {} : { name, exact });
  }

  /** Clicks the one visible element with this role and name. */
  async click(role, name) {
    await this.role(role, name).click();
  }

  /** Replaces the text of the one field with this role and name. */
  async fill(role, name, text) {
    await this.role(role, name).fill(text);
  }

  /** The visible text of the one element with this role and name, white space folded. */
  async text(role, name) {
    const text = await this.role(role, name).innerText();
    return text.replace(/\s+/g, " ").trim();
  }

  /** Waits until some text (string or pattern) is visible on the page. */
  async sees(text) {
    await this.raw.getByText(text).first().waitFor({ state: "visible" });
  }

  /** Waits until boot.js reports that the simulator runs. */
  async ready() {
    await this.raw.locator("html[data-boot=ready]").waitFor({ state: "attached" });
  }

  /** Waits until the part of the simulator that comes later is there, too. */
  async whole() {
    await this.raw.locator("html[data-whole]").waitFor({ state: "attached" });
  }

  /** A picture of the window as it is, into tests/browser/shots. */
  async shot(name) {
    const file = `${this.label}-${name}`.replace(/[^A-Za-z0-9.]+/g, "-");
    // Hiding the caret would leave style attributes behind.
    await this.raw.screenshot({ path: `${SHOTS}${file}.png`, caret: "initial" });
  }

  /** Fails if the document is wider than the window. */
  async fitsWidth() {
    const [inner, full] = await this.raw.evaluate(() => {
      const root = document.documentElement;
      return [root.clientWidth, root.scrollWidth];
    });
    assert.ok(full <= inner, `the document is ${full} px wide in a window of ${inner} px`);
  }

  /** Fails if any element carries a style attribute (the policy forbids it in markup). */
  async hasNoStyleAttribute() {
    // The editor sets its own by script, which the policy allows; its shadow root is not looked into.
    const count = await this.raw.evaluate(() => document.querySelectorAll("[style]").length);
    assert.equal(count, 0, "elements with a style attribute");
  }

  /** Fails on anything noted so far. */
  async isClean() {
    const reports = await this.raw.evaluate(() => window.policyReports ?? []).catch(() => []);
    assert.deepEqual([...this.faults, ...reports.map((r) => `policy: ${r}`)], []);
    const stood = await this.raw.locator("html[data-waited]").count();
    assert.equal(stood, 0, "the page stood still until the rest of the simulator was there");
  }
}

/**
 * Opens a page. Options: `size`, `theme` ("light" | "dark"), `query` (for instance "?embed=1#x"),
 * `javaScript` (true), `url` (another place than the built page), `motion` ("reduce"), `touch`.
 */
export async function open(label, options = {}) {
  const { size = DESKTOP, theme = "light", query = "", javaScript = true, touch = false } = options;
  const url = options.url ?? site.url;
  const context = await browser.newContext({
    viewport: size,
    colorScheme: theme,
    javaScriptEnabled: javaScript,
    reducedMotion: options.motion ?? "no-preference",
    hasTouch: touch,
    locale: options.locale ?? "en-US",
    forcedColors: options.forcedColors ?? "none",
    permissions: options.permissions ?? [],
    timezoneId: "UTC",
  });
  context.setDefaultTimeout(PATIENCE_MS);
  await context.addInitScript(() => {
    window.policyReports = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      window.policyReports.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  const raw = await context.newPage();
  const page = new Page(raw, label, url.startsWith("file:") ? "file:" : new URL(url).origin);
  await options.prepare?.(page);
  await raw.goto(url + query, { waitUntil: options.waitUntil ?? "load" });
  return page;
}

/**
 * One test on the built page, running and clean at its end; a picture is kept if it fails. It begins
 * when all of the simulator is there, with the option `early` when the first part is.
 */
export function story(name, options, body) {
  test(name, { timeout: options.timeoutMs ?? 120_000 }, async () => {
    const page = await open(options.label ?? name, options);
    try {
      await page.ready();
      if (!options.early) await page.whole();
      await body(page);
      await page.isClean();
    } catch (error) {
      await page.shot("failed").catch(() => {});
      throw error;
    } finally {
      await page.raw.context().close();
    }
  });
}

/** The same story at 1440×900 and 390×844, light and dark: four tests. */
export function stories(name, body, options = {}) {
  for (const size of [DESKTOP, PHONE]) {
    for (const theme of ["light", "dark"]) {
      const label = `${name}, ${size.width}x${size.height}, ${theme}`;
      story(label, { ...options, size, theme, touch: size === PHONE }, body);
    }
  }
}
