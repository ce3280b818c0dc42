// The program comes in two parts: what the first press needs, and the rest. What a page does while
// the rest is on its way, and when it does not come.

import { test } from "node:test";
import assert from "node:assert/strict";
import { crawl, everything, forbid, remember } from "./gestures.mjs";
import { DESKTOP, EMBED, MINI, open, PHONE, stories } from "./harness.mjs";
import { DIST, serve } from "./server.mjs";

const SETTLE = "Settle: until nothing more happens";

stories("the first part suffices for the first press, and the rest comes by itself", async (page) => {
  await page.click("button", "Step");
  await page.whole();
}, { early: true });

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

parted("presses wait for the rest, in order", { delayMs: 5_000 }, async (page) => {
  await page.click("button", "Step");
  await page.click("button", SETTLE);
  await page.click("button", "+1 min");
  await page.sees("Fetching the rest of the simulator…");
  await page.shot("fetching");
  await page.whole();
  await page.raw.locator(".boot-note").waitFor({ state: "detached" });
  await page.sees(/web has what it wants: 2 of 2 Pods are Ready/);
  assert.notEqual(await clock(page), "00:00");
  assert.equal(await page.raw.locator("html[data-waited]").count(), 0);
});

// The first press is answered at once; what the others need is not there, and nothing stands still.
const recorded = async (page) => {
  await page.raw.evaluate(() => new Promise((done) => window.playground.after(done)));
  return (await page.raw.locator(".eventpane").innerText()).split("\n");
};
parted("steps wait for the rest, too", { delayMs: 6_000 }, async (page) => {
  await page.raw.locator(".step").click();
  for (let more = 0; more < 4; more += 1) await page.raw.locator(".step").click();
  await page.sees("Fetching the rest of the simulator…");
  await page.whole();
  await page.raw.locator(".boot-note").waitFor({ state: "detached" });
  assert.equal(await page.raw.locator("html[data-waited]").count(), 0);
  const waited = await recorded(page);
  const other = await open("five steps", {});
  await other.whole();
  for (let step = 0; step < 5; step += 1) await other.raw.locator(".step").click();
  assert.deepEqual(waited, await recorded(other), "five steps are five steps");
  await other.raw.context().close();
});

for (const [where, query, field] of [
  ["text area", "?editor=plain", "#manifest"], ["editor", "", ".cm .cm-content"],
]) {
  parted(`what is written before the rest came is kept, ${where}`, { delayMs: 10_000 }, async (page) => {
    await page.raw.locator("#manifest").click();
    await page.raw.locator(field).press("Control+Home");
    await page.raw.keyboard.type("# mine\n");
    assert.equal(await page.raw.locator("html[data-whole]").count(), 0, "it is not there yet");
    await page.whole();
    await page.raw.locator(".boot-note").waitFor({ state: "detached" });
    assert.equal(await page.raw.locator("html[data-waited]").count(), 0);
    assert.match(await page.raw.locator("#manifest").inputValue(), /^# mine\n/);
    await page.isClean();
  }, { query });
}

// At first, and of somebody who comes back.
const unkept = (page) => page.raw.addInitScript(forbid);
const slow = (page) => page.raw.addInitScript(crawl);
for (const [label, size, query, prepare] of [
  ["1440", DESKTOP, ""], ["390", PHONE, "?theme=light"], ["present", DESKTOP, "?present=1&lang=zh"],
  ["embed", EMBED, "?embed=1&theme=dark"], ["mini", MINI, "?embed=mini"],
  ["mini zh", MINI, "?embed=mini&lang=zh&readonly=1"],
  ["nothing kept", DESKTOP, "", unkept], ["embed, nothing kept", EMBED, "?embed=1", unkept],
  ["slow", DESKTOP, "?editor=plain", slow], ["slow embed", EMBED, "?embed=1", slow],
]) {
  parted(`whatever is done waits, ${label}`, { delayMs: 20_000 }, async (page) => {
    for (const visit of ["first", "second"]) {
      await page.ready();
      const step = page.raw.locator(".step").first();
      if (await step.isVisible()) await step.click();
      if (prepare === slow) await page.raw.waitForTimeout(1000);
      await page.raw.evaluate(everything);
      if (query === "") await page.raw.locator(".cm").waitFor({ state: "attached" });
      await page.raw.evaluate(everything);
      await page.raw.locator(".boot-note").waitFor();
      assert.equal(await page.raw.locator("html[data-waited]").count(), 0, visit);
      await page.isClean();
      if (!prepare) await page.raw.evaluate(remember);
      await page.raw.reload();
    }
  }, { size, query, prepare });
}

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
