// What happens when the simulator stops, or the browser keeps nothing.

import assert from "node:assert/strict";
import { forbid } from "./gestures.mjs";
import { PHONE, story } from "./harness.mjs";

const SETTLE = "Settle: until nothing more happens";

/** Forgets the faults that a trap leaves: they are what the test is about. */
function expected(page) {
  page.faults = page.faults.filter((fault) => !/unreachable|panicked|RuntimeError/.test(fault));
}

async function crashed(page) {
  const dialog = page.role("alertdialog");
  await dialog.waitFor();
  await page.raw.locator("html[data-boot=failed]").waitFor({ state: "attached" });
  assert.match(await page.raw.evaluate(() => document.activeElement.textContent), /last good moment/);
  return dialog;
}

for (const options of [{}, { size: PHONE, theme: "dark", label: "F-3 phone" }]) {
  story(`F-3 a crash loses nothing ${options.label ?? ""}`, { query: "?debug=panic", ...options }, async (page) => {
    await page.click("button", SETTLE);
    await page.raw.locator(".pw").nth(1).click();
    await page.raw.waitForTimeout(2000);
    const before = await page.raw.locator(".because p").innerText();
    await page.click("button", "Step");
    await crashed(page);
    await page.shot("dialog");
    // No key, no press and no leaving enters the dead instance.
    await page.raw.keyboard.press(".");
    await page.raw.locator(".pw").first().click({ force: true, timeout: 1000 }).catch(() => {});
    expected(page);
    await page.raw.getByRole("checkbox").check();
    await page.raw.evaluate(() => { navigator.clipboard.writeText = () => Promise.reject(new Error("no")); });
    await page.click("button", "Copy report");
    const report = await page.role("textbox", "Report").inputValue();
    assert.match(report, /StatefulSet Playground[\s\S]*wasm[\s\S]*"v":/);
    assert.deepEqual(page.faults, []);
    await page.click("button", "Restart from the last good moment");
    await page.ready();
    assert.equal(await page.raw.locator(".because p").innerText(), before);
    await page.click("button", "Step");
    await crashed(page);
    expected(page);
    await page.click("button", "Restart clean");
    await page.ready();
    assert.equal((await page.raw.locator(".clock").innerText()).trim(), "00:00");
  });
}

story("F-3 a trap in a timer or a promise is caught as well", {}, async (page) => {
  await page.raw.evaluate(() => {
    setTimeout(() => { throw new WebAssembly.RuntimeError("unreachable"); });
  });
  await crashed(page);
  expected(page);
  await page.click("button", "Restart from the last good moment");
  await page.ready();
  await page.raw.evaluate(() => { Promise.reject(new WebAssembly.RuntimeError("unreachable")); });
  await crashed(page);
  expected(page);
});

const prepare = (page) => page.raw.addInitScript(forbid);

story("F-6 a browser that keeps nothing is one quiet notice", { prepare }, async (page) => {
  await page.sees(/Not saved on this device/);
  assert.equal(await page.raw.locator(".banner").count(), 1);
  await page.shot("notice");
  await page.click("button", "Dismiss");
  await page.click("button", SETTLE);
  await page.raw.waitForTimeout(2000);
  assert.equal(await page.raw.locator(".banner").count(), 0);
  await page.raw.locator(".app").getByRole("button", { name: /^Theme/ }).click();
});

story("F-6 a restart without storage", { prepare, query: "?debug=panic" }, async (page) => {
  await page.click("button", SETTLE);
  await page.click("button", "Power off node-b");
  await page.raw.waitForTimeout(2000);
  const before = await page.raw.locator(".because p").innerText();
  await page.click("button", "Step");
  await crashed(page);
  expected(page);
  await page.click("button", "Restart from the last good moment");
  await page.ready();
  assert.equal(await page.raw.locator(".because p").innerText(), before);
});
