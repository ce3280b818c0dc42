// Branches side by side, the scheduler's table, what is broken on purpose, jumps with names,
// attachments.

import assert from "node:assert/strict";
import { DESKTOP, PHONE, TABLET, story } from "./harness.mjs";

const SETTLE = "Settle: until nothing more happens";

async function settle(page) {
  await page.click("button", SETTLE);
  await page.raw.locator(".settled").waitFor({ state: "attached" });
}

async function reads(page, pattern) {
  await page.raw.locator(".because p").filter({ hasText: pattern }).waitFor();
}

for (const [size, theme] of [[DESKTOP, "light"], [DESKTOP, "dark"], [TABLET, "light"], [PHONE, "dark"]]) {
  story(`T-4 T-5 two futures side by side, ${size.width}, ${theme}`, { size, theme }, async (page) => {
    await settle(page);
    await page.click("button", "Power off node-b");
    await page.click("button", "+1 min");
    await page.click("button", "+1 min");
    assert.equal(await page.raw.locator(".branches").count(), 0);
    for (let n = 0; n < 9; n += 1) {
      if (/00:(0|1)/.test(await page.raw.locator(".clock").innerText())) break;
      await page.click("button", "Previous event");
    }
    await page.raw.locator(".past-tag").waitFor();
    assert.equal(await page.raw.locator(".branches").count(), 0, "moving about begins no branch");
    await page.raw.locator(".pw").nth(2).click();
    await page.raw.locator(".branches").waitFor();
    await page.click("button", "+1 min");
    await page.role("combobox", "Compare with").selectOption({ label: "Branch 1" });
    await page.raw.locator(".beside .node").first().waitFor();
    assert.equal(await page.raw.locator(".beside .node.is-off").count(), 1);
    assert.match(await page.raw.locator(".beside .node.is-off").getAttribute("aria-label"), /node-b/);
    await page.shot("compare");
    await page.fitsWidth();
    const clock = await page.raw.locator(".clock").innerText();
    await page.role("combobox", "Look at a branch").selectOption({ label: "Branch 1" });
    assert.equal(await page.raw.locator(".clock").innerText(), clock);
    await page.raw.locator(".stage").first().locator(".node.is-off").filter({ hasText: "node-b" }).waitFor();
  });
}

for (const [size, theme] of [[DESKTOP, "light"], [DESKTOP, "dark"], [PHONE, "light"]]) {
  story(`W-7 why this node, ${size.width}, ${theme}`, { size, theme }, async (page) => {
    await settle(page);
    await page.raw.locator(".pod").first().click();
    if (size === PHONE) await page.raw.locator(".tabbar .p-inspector").click();
    const table = page.raw.locator(".placing");
    await table.scrollIntoViewIfNeeded();
    assert.equal(await table.locator("tbody tr").count(), 3);
    assert.equal(await table.locator(".taken").count(), 1);
    await page.sees(/had the most points/);
    await page.shot("placing");
    await page.fitsWidth();
  });
}

story("W-7 why no node", { theme: "light" }, async (page) => {
  const text = await page.raw.locator("#manifest").inputValue();
  await page.raw.locator("#manifest").fill(text.replace("- name: nginx", "- name: nginx\n        resources: {requests: {cpu: 100}}"));
  await page.click("button", "Reset");
  await settle(page);
  await page.raw.locator(".pod").first().click();
  await page.sees("Why no node");
  assert.equal(await page.raw.locator(".placing .taken").count(), 0);
  assert.equal(await page.raw.locator(".placing tbody tr").filter({ hasText: "NodeResourcesFit" }).count(), 3);
  await page.shot("nowhere");
});

story("what is broken on purpose is listed and mended", {}, async (page) => {
  await settle(page);
  await page.raw.locator(".pod").first().click();
  const [name] = (await page.raw.locator(".insp-h h2").innerText()).match(/^web-\d/);
  await page.role("combobox", "Break something").selectOption({
    label: `the application of pod/${name} crashes when it starts`,
  });
  await page.raw.locator(".faults li").filter({ hasText: "crashes when it starts" }).waitFor();
  await page.click("button", `Delete ${name}`);
  await page.click("button", "+1 min");
  await reads(page, /keeps ending|crashes when it starts/);
  await page.raw.locator(".faults").scrollIntoViewIfNeeded();
  await page.shot("broken");
  await page.raw.locator(".faults").getByRole("button", { name: /^Mend it/ }).click();
  await settle(page);
  await reads(page, /has what it wants/);
  await page.raw.locator(".faults li").filter({ hasText: "Nothing." }).waitFor();
});

story("W-6 a jump says what it leads to", {}, async (page) => {
  await settle(page);
  await page.raw.locator(".pw").nth(1).click();
  await page.click("button", "+1 min");
  const jump = page.raw.locator(".transport .ahead");
  assert.match(await jump.innerText(), /^\+\d:\d\d until web-1 is evicted$/);
  await page.shot("ahead");
  await jump.click();
  await page.raw.locator(".pod.s-terminating").first().waitFor();
});

story("I-1 where a volume is, and who wants it there", {}, async (page) => {
  await settle(page);
  await page.raw.locator(".vol").first().click();
  await page.sees("Attachments");
  await page.sees(/attached to node-/);
  await page.shot("attachments");
});

for (const [what, permissions, said] of [
  ["is allowed", ["clipboard-read", "clipboard-write"], "Copied"],
  ["is refused", [], "The browser refused to copy: the text is selected"],
]) {
  story(`a command is copied where that ${what}`, { size: DESKTOP, permissions }, async (page) => {
    await page.raw.locator(".node .pick").first().click();
    const act = page.raw.locator(".act").filter({ has: page.raw.locator(".cmd") }).first();
    const command = await act.locator("code").innerText();
    await act.locator(".copy").click();
    await page.raw.locator(".toast").filter({ hasText: said }).waitFor();
    await page.shot("copied");
    const got = await page.raw.evaluate((read) =>
      (read ? navigator.clipboard.readText() : String(getSelection())), permissions.length > 0);
    assert.equal(got, command);
  });
}
