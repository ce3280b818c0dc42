// Finds out which functions, and which regions of them, a page needs first: opens a build in which
// each leaves a mark (split/split.mjs watch), does what anybody does first, and reads the marks.
// `./dev later` calls it.
//
//   node later.mjs DIST NAMES USED    names of the functions that ran, as JSON, into USED
//
// Not here: a test. That the first part suffices for this is tested in boot.test.mjs.

import { readFile, writeFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import { crawl, everything, forbid, remember } from "./gestures.mjs";
import { serve } from "./server.mjs";

/** Until everything that happens by itself has happened, in milliseconds. */
const QUIET_MS = 2000;

const DESKTOP = { width: 1440, height: 900 }, PHONE = { width: 390, height: 844 };
const EMBED = { width: 640, height: 420 }, MINI = { width: 320, height: 240 };
const VISITS = [
  { viewport: DESKTOP, colorScheme: "light", locale: "en-US", query: "" },
  { viewport: PHONE, colorScheme: "dark", locale: "en-US", query: "?theme=light" },
  { viewport: DESKTOP, colorScheme: "light", locale: "zh-CN", query: "?present=1", slow: true },
  { viewport: EMBED, colorScheme: "light", locale: "zh-CN", query: "?embed=1&theme=dark" },
  { viewport: MINI, colorScheme: "dark", locale: "en-US", query: "?embed=mini" },
  { viewport: MINI, colorScheme: "light", locale: "en-US", query: "?embed=mini&lang=zh&readonly=1" },
  { viewport: DESKTOP, colorScheme: "light", locale: "en-US", query: "", keeps: false },
  { viewport: EMBED, colorScheme: "dark", locale: "en-US", query: "?embed=1", keeps: false, slow: true },
];

// As in a page whose later part is not there: whatever is done waits, and how it comes to wait must
// not be left for later.
const waits = () => { window.playground.whole = () => {}; };

// What somebody does first, who may be in haste.
async function visit(page) {
  await page.locator("html[data-boot=ready]").waitFor({ state: "attached" });
  const step = page.locator(".step").first();
  if (await step.isVisible()) await step.click();
  await page.waitForTimeout(QUIET_MS);
  await page.evaluate(waits);
  await page.evaluate(everything);
  await page.waitForTimeout(QUIET_MS);
  await page.evaluate(everything);
  await page.waitForTimeout(QUIET_MS);
}

async function marks(page, { base, names }) {
  const places = await page.evaluate(async ([base, count]) => {
    const { content } = document.querySelector('meta[name="playground-module"]');
    const exported = await (await import(new URL(content, document.baseURI).href)).default();
    // What fetches the later part must never be in it.
    window.playground.ensure = () => true;
    exported.ensure();
    const bytes = new Uint8Array(exported.memory.buffer, base, count);
    return [...bytes.keys()].filter((place) => bytes[place]);
  }, [base, names.length]);
  return places.map((place) => names[place].name);
}

async function main([dist, namesFile, usedFile]) {
  const names = JSON.parse(await readFile(namesFile, "utf8"));
  const site = await serve(dist, { prefix: "/some/folder/" });
  const browser = await chromium.launch({
    executablePath: process.env.CHROME_BIN || "/usr/bin/chromium",
    chromiumSandbox: process.getuid?.() !== 0,
    args: ["--disable-gpu"],
  });
  const used = new Set();
  for (const { query, keeps = true, slow, ...options } of VISITS) {
    const context = await browser.newContext(options);
    if (!keeps) await context.addInitScript(forbid);
    if (slow) await context.addInitScript(crawl);
    // As in a page that waits for its later part.
    await context.addInitScript(() => {
      document.addEventListener("DOMContentLoaded", () => { window.playground.isWhole = () => false; });
    });
    const page = await context.newPage();
    await page.goto(site.url + query);
    await visit(page);
    for (const name of await marks(page, names)) used.add(name);
    if (keeps) await page.evaluate(remember);
    await page.reload();
    await visit(page);
    for (const name of await marks(page, names)) used.add(name);
    await context.close();
  }
  await browser.close();
  await site.close();
  await writeFile(usedFile, JSON.stringify([...used].sort()));
  const all = new Set(names.names.map(({ name }) => name));
  console.log(`${used.size} of ${all.size} functions and regions are wanted first.`);
}

await main(process.argv.slice(2));
