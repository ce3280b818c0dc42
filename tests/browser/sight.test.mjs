// What must be in sight at once, without scrolling: machines, the heading of the seats and the
// seats of a set of three, also when a Pod waits for a place; the record, when it is asked for.

import assert from "node:assert/strict";
import { DESKTOP, EMBED, PHONE, story } from "./harness.mjs";

const LAPTOP = { width: 1366, height: 768 };
const PROJECTOR = { width: 1280, height: 720 };

async function settle(page) {
  await page.raw.locator(".settle").click();
  await page.raw.locator(".settled").waitFor({ state: "attached" });
}

/** Makes the set of the first example one of three, and lets things happen to their end. */
async function scale(page) {
  const { raw } = page;
  await raw.locator(".sethead .pick").first().click();
  // The pane may be hidden.
  await raw.locator(".right .act .btn", { hasText: "Scale to 3" }).evaluate((one) => one.click());
  await settle(page);
}

/** Fails unless each of these lies within the board, as it is scrolled at first. */
async function inSight(page, selectors) {
  const [out, top] = await page.raw.evaluate((selectors) => {
    const board = document.querySelector(".board");
    const frame = board.getBoundingClientRect();
    const out = selectors.flatMap((selector) => [...document.querySelectorAll(selector)])
      .map((one) => [one.className || one.tagName, one.getBoundingClientRect()])
      .filter(([, box]) => !box.width || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
      .map(([name, box]) => `${name} ${Math.round(box.top)} to ${Math.round(box.bottom)}`);
    return [out, board.scrollTop];
  }, selectors);
  assert.deepEqual(out, [], "out of sight");
  assert.equal(top, 0);
}

const ALL = [".node", ".shelf", ".strip-h", ".seat"];

/** All of these are there, and nothing lies over those that are shown: a press in their middle
    reaches them. */
async function onTop(page, selectors) {
  const wrong = await page.raw.evaluate((selectors) => selectors.flatMap((selector) => {
    const all = [...document.querySelectorAll(selector)];
    if (!all.length) return [`${selector}: not there`];
    return all.filter((one) => {
      const { x, y, width, height } = one.getBoundingClientRect();
      return width && !one.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    }).map((one) => `${selector}: ${one.textContent}`);
  }), selectors);
  assert.deepEqual(wrong, [], "covered");
}

const TOPMOST = [
  ".really", ".node-foot .pw", ".tag", ".top .btn", ".tabbar button", ".transport .btn",
];

for (const [size, query] of [
  [DESKTOP, ""], [LAPTOP, ""], [PROJECTOR, "?present=1"], [LAPTOP, "?present=1"],
  [{ width: 1920, height: 1080 }, "?present=1"],
]) {
  story(`L-7 three seats beside or below the machines, ${size.width} ${query}`, { size, query },
    async (page) => {
      await scale(page);
      await inSight(page, ALL);
      await page.raw.locator(".node .pw").nth(1).click();
      await settle(page);
      await inSight(page, ALL);
      await onTop(page, TOPMOST);
      await page.shot("down");
    });
}

story("three seats also while a Pod has no place, and in the past", {}, async (page) => {
  const { raw } = page;
  await settle(page);
  for (const node of ["node-a", "node-b", "node-c"]) {
    await raw.locator(`.node[data-name="${node}"] .node-h .pick`).click();
    await page.click("button", `Cordon ${node}`);
  }
  await scale(page);
  await raw.locator(".tray .pod").waitFor();
  await inSight(page, [".tray", ...ALL]);
  await page.shot("tray");
  await raw.locator(".pb").first().click();
  await raw.locator(".past-tag").waitFor();
  const [tag, head] = await raw.evaluate(() => [".past-tag", ".sethead"].map((selector) =>
    document.querySelector(selector).getBoundingClientRect().toJSON()));
  assert.ok(tag.bottom <= head.top + 1, `${tag.bottom} over ${head.top}`);
  await page.shot("past");
});

for (const [size, query] of [[PHONE, ""], [EMBED, "?embed=1"]]) {
  story(`the past needs no more room, ${size.width}`, { size, query }, async (page) => {
    const { raw } = page;
    await settle(page).catch(() => {});
    const height = () => raw.evaluate(() => document.querySelector(".fig").scrollHeight);
    const before = await height();
    await raw.getByRole("button", { name: "Previous event" }).click();
    await raw.locator(".past-tag").waitFor();
    assert.ok(await height() <= before, `${await height()} after ${before}`);
    await page.shot("past");
  });
}

story("a tab of the folded record opens it, and what is folded away cannot be reached", {
  size: LAPTOP,
}, async (page) => {
  const { raw } = page;
  await raw.locator(".tip").waitFor({ state: "attached" });
  const height = () => raw.locator(".dock").evaluate((one) => one.getBoundingClientRect().height);
  assert.ok(await height() < 40);
  assert.equal(await raw.locator("#command").isVisible(), false);
  await raw.locator(".termpane .t-term").click();
  await raw.locator("#command").waitFor();
  assert.ok(await height() > 150);
  await raw.locator(".fold-down:visible").click();
  await raw.waitForFunction(() => document.querySelector(".dock").offsetHeight < 40);
  await raw.keyboard.press("Control+`");
  await raw.waitForFunction(() => document.activeElement.id === "command");
  assert.ok(await height() > 150);
});

story("every kind that can be picked says something of itself", {}, async (page) => {
  const { raw } = page;
  await raw.locator("#command").fill("kubectl create deployment front --image=nginx");
  await raw.locator("#command").press("Enter");
  await page.sees("deployment.apps/front created");
  await raw.locator(".settle").click();
  await raw.locator(".term-log [role=button]").last().click();
  await page.sees("UP-TO-DATE");
  await page.shot("deployment");
  await page.click("button", "Delete front");
  await raw.locator(".settle").click();
  await raw.locator(".right").getByText("not there now").waitFor();
});
