// The main job in Firefox: step until all is Ready, power a node off, read why nothing replaces
// the Pod, force it out, see the same name, claim and volume come back. On a desktop and a phone.
//
// Not here: everything else; the other files run in Chromium alone, where more can be asked.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { DIST, serve } from "./server.mjs";

const SHOTS = fileURLToPath(new URL("./shots/", import.meta.url));
const PATIENCE_MS = 15_000;
const READY = /^web has what it wants: 2 of 2 Pods are Ready\.$/;

let browser;
let site;

before(async () => {
  await mkdir(SHOTS, { recursive: true });
  site = await serve(DIST, { prefix: "/some/folder/" });
  browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX_BIN || "/usr/bin/firefox-esr",
    headless: true,
  });
});

after(async () => {
  await browser?.close();
  await site?.close();
});

/** The page, with what went wrong in it. */
async function open(size) {
  // A context of its own: what another visit saved is not to be found.
  const page = await (await browser.createBrowserContext()).newPage();
  const faults = [];
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(error.message));
  await page.setViewport(size);
  await page.goto(site.url);
  await page.locator("html[data-boot=ready] .step").wait();
  return { page, faults };
}

/** The visible button whose name or text is `name`. */
async function press(page, name) {
  const button = await page.waitForFunction((name) => {
    const shown = (button) => button.checkVisibility() &&
      (button.ariaLabel ?? button.textContent).replace(/\s+/g, " ").trim() === name;
    return [...document.querySelectorAll("button")].find(shown);
  }, {}, name);
  await button.evaluate((button) => button.scrollIntoView({ block: "center" }));
  await button.click();
}

/** Waits until the because-line says so. */
async function reads(page, pattern) {
  await page.waitForFunction((source) => {
    const line = document.querySelector(".because p")?.textContent ?? "";
    return new RegExp(source).test(line.replace(/\s+/g, " ").trim());
  }, {}, pattern.source);
}

async function settle(page) {
  await press(page, "Settle: until nothing more happens");
  await page.waitForSelector(".settled");
}

/** What seat 1 keeps: name, DNS name, claim, volume. */
const kept = (page) => page.$$eval(".seat", (seats) =>
  [...seats[1].querySelectorAll(".id, .claim .cl")].map((part) => part.textContent).join(" "));

for (const size of [{ width: 1440, height: 900 }, { width: 390, height: 844 }]) {
  const name = `Firefox: the main job, ${size.width}x${size.height}`;
  test(name, { timeout: 120_000 }, async () => {
    const { page, faults } = await open(size);
    const parts = await page.evaluate(() => performance.getEntriesByType("resource")
      .map(({ name }) => name).filter((name) => name.includes(".wasm")));
    assert.ok(parts.length && parts.every((name) => name.endsWith(".xz")), `packed: ${parts}`);
    await page.locator(".step").click();
    await reads(page, /web-1 is not created yet: web-0 is not Ready/);
    await settle(page);
    await reads(page, READY);
    const before = await kept(page);
    assert.match(before, /web-1.*www-web-1/);
    await press(page, "Power off node-b");
    await settle(page);
    await reads(page, /web-1 cannot be replaced: .* nobody can confirm that the old web-1 stopped/);
    await page.screenshot({ path: `${SHOTS}firefox-${size.width}-stuck.png` });
    await press(page, "Four ways out");
    await press(page, "Force delete web-1");
    await settle(page);
    await reads(page, READY);
    assert.equal(await kept(page), before);
    assert.match(await page.$eval(".right", (pane) => pane.textContent), /Pod #2 in seat 1/);
    assert.deepEqual(faults, []);
    await page.close();
  });
}
