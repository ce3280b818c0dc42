// The program comes in two parts: what the first press needs, and the rest. What a page does while
// the rest is on its way, and when it does not come.

import { test } from "node:test";
import assert from "node:assert/strict";
import { open, stories } from "./harness.mjs";
import { DIST, serve } from "./server.mjs";

const SETTLE = "Settle: until nothing more happens";

stories("the first part suffices for the first press, and the rest comes by itself", async (page) => {
  await page.click("button", "Step");
  await page.raw.locator("html[data-whole]").waitFor({ state: "attached" });
  assert.equal(await page.raw.locator("html[data-waited]").count(), 0);
});

/** A page whose later part comes as `answer` says; it may be changed on the way. */
function parted(name, answer, body, options = {}) {
  test(name, { timeout: 60_000 }, async () => {
    const later = (file) => (file.startsWith("later-") ? answer : {});
    const site = await serve(DIST, { prefix: "/x/", answer: later });
    const page = await open(name, { ...options, url: site.url });
    try {
      await page.ready();
      await body(page);
    } finally {
      await page.raw.context().close();
      await site.close();
    }
  });
}

async function clock(page) {
  return (await page.raw.locator(".clock").innerText()).trim();
}

parted("presses wait for the rest, in order", { delayMs: 2_000 }, async (page) => {
  await page.click("button", "Step");
  await page.click("button", SETTLE);
  await page.click("button", "+1 min");
  await page.sees("Fetching the rest of the simulator…");
  await page.shot("fetching");
  await page.raw.locator("html[data-whole]").waitFor({ state: "attached" });
  await page.raw.locator(".boot-note").waitFor({ state: "detached" });
  await page.sees(/web has what it wants: 2 of 2 Pods are Ready/);
  assert.notEqual(await clock(page), "00:00");
  assert.equal(await page.raw.locator("html[data-waited]").count(), 0);
});

const lost = { drop: true };
parted("a rest that is lost is asked for again", lost, async (page) => {
  await page.click("button", SETTLE);
  await page.sees("The rest of the simulator did not arrive.");
  await page.shot("lost");
  lost.drop = false;
  await page.click("button", "Retry");
  await page.sees(/web has what it wants: 2 of 2 Pods are Ready/);
});

// Not by a press: whatever calls a later function too early.
const wanted = (page) => page.raw.evaluate(async () => {
  const { content } = document.querySelector('meta[name="playground-module"]');
  const module = await import(new URL(content, document.baseURI).href);
  try { module.ensure(); return "there"; } catch (error) { return error.message; }
});

parted("whoever cannot wait gets the rest at once", { delayMs: 1_000 }, async (page) => {
  assert.equal(await wanted(page), "there");
  assert.equal(await page.raw.locator("html[data-whole][data-waited]").count(), 1);
  await page.click("button", SETTLE);
  await page.sees(/web has what it wants: 2 of 2 Pods are Ready/);
});

parted("whoever cannot wait and gets nothing stops, and says so", { status: 503 }, async (page) => {
  assert.match(await wanted(page), /^The server answered 503 for later-/);
  await page.sees(/The rest of the simulator did not arrive\. The server answered 503 for later-/);
  await page.role("button", "Restart clean").waitFor();
});
