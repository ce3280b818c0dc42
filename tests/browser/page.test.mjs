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

story("the program is fetched once", { prepare: countWasm }, async (page) => {
  assert.equal(page.wasmFetches, 1);
});

function countWasm(page) {
  page.wasmFetches = 0;
  page.raw.on("request", (request) => {
    if (/first-\w+\.wasm$/.test(request.url())) page.wasmFetches += 1;
  });
}
