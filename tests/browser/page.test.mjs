// The page loads, at both sizes in both themes, and nothing complains.

import assert from "node:assert/strict";
import { story, stories } from "./harness.mjs";

stories("first visit", async (page) => {
  assert.equal(await page.raw.title(), "StatefulSet Playground");
  await page.role("button", "Step").first().waitFor();
  assert.equal(await page.raw.locator("#boot-status").count(), 0, "the skeleton is gone");
  await page.fitsWidth();
  await page.hasNoStyleAttribute();
  await page.shot("loaded");
});

story("G-1 what a first visit shows, and what the first press does", {}, async (page) => {
  const { raw } = page;
  assert.equal(await raw.locator(".node").count(), 3);
  assert.equal(await raw.locator(".clock").innerText(), "00:00");
  assert.equal(await raw.locator(".sethead").innerText().then((text) => text.replace(/\s+/g, " ")),
    "web StatefulSet 0 of 2 ready Service nginx headless, 0 endpoints");
  const replicas = /replicas: (\d+)/.exec(await raw.locator("#manifest").inputValue())[1];
  assert.equal(await raw.locator(".seat").count(), Number(replicas), "as many as the article's");
  assert.deepEqual(await raw.locator(".btn-primary:visible").allInnerTexts(), ["Step"]);
  assert.match(await raw.locator(".play").innerText(), /Play/);
  const stage = await raw.locator(".stage").innerHTML();
  const said = await raw.locator(".sr[role=status]").innerText();
  await page.click("button", "Step");
  await raw.waitForFunction((stage) => document.querySelector(".stage").innerHTML !== stage, stage);
  const told = await raw.locator(".sr[role=status]").innerText();
  assert.ok(told && told !== said, "one sentence is announced");
});

story("the program is fetched once", { prepare: countWasm }, async (page) => {
  assert.equal(page.wasmFetches, 1);
});

function countWasm(page) {
  page.wasmFetches = 0;
  page.raw.on("request", (request) => {
    if (/first-\w+\.wasm(\.xz)?$/.test(request.url())) page.wasmFetches += 1;
  });
}
