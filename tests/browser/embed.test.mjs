// The page as a part of another one: the designed sizes, what an address may ask for, and a frame
// that may do nothing but run scripts.

import { test } from "node:test";
import assert from "node:assert/strict";
import { EMBED, MINI, open, story } from "./harness.mjs";
import { DIST, serve } from "./server.mjs";

const at = { "": EMBED, mini: MINI };

/** Fails if anything of the document lies outside of the window. */
async function fits(page) {
  const sizes = await page.raw.evaluate(() => {
    const root = document.documentElement;
    return [root.scrollWidth - root.clientWidth, root.scrollHeight - root.clientHeight];
  });
  assert.deepEqual(sizes, [0, 0]);
}

/** Fails unless every one of these lies wholly in the window. */
async function whole(page, selector, count) {
  const boxes = await page.raw.locator(`${selector}:visible`).evaluateAll((all) =>
    all.map((one) => {
      const { left, top, right, bottom } = one.getBoundingClientRect();
      return left >= -0.5 && top >= -0.5 && right <= innerWidth + 0.5 && bottom <= innerHeight + 0.5;
    }));
  assert.deepEqual(boxes, Array(count).fill(true), selector);
}

const STATES = {
  start: "",
  settled: "&t=settled",
  "node down": "&t=settled",
};

async function down(page) {
  await page.raw.locator(".pw").nth(1).click();
  await page.raw.getByRole("button", { name: "Settle: until nothing more happens" }).click();
  await page.raw.locator(".because p").filter({ hasText: "cannot be replaced" }).waitFor();
}

for (const theme of ["light", "dark"]) {
  for (const [state, query] of Object.entries(STATES)) {
    story(`L-1 L-2 embed, ${state}, ${theme}`, {
      size: EMBED, theme, query: `?embed=1${query}&nodes=3`,
    }, async (page) => {
      if (state === "node down") await down(page);
      else if (state === "settled") {
        await page.raw.locator(".because p").filter({ hasText: "has what it wants" }).waitFor();
      }
      await page.raw.waitForTimeout(300);
      await page.shot("e");
      await fits(page);
      await page.hasNoStyleAttribute();
      await whole(page, ".node", 3);
      await whole(page, ".pw", 3);
      await whole(page, ".step", 1);
      await whole(page, ".play", 1);
      await whole(page, ".clock", 1);
      await whole(page, ".because p", 1);
      await whole(page, ".open-full", 1);
      if (state !== "start") await whole(page, ".seat", 2);
      for (const pane of ["YAML", "Events", "Inspector"]) {
        await page.click("button", pane);
        if (theme === "light") await page.shot(`sheet-${pane}`);
        await page.raw.keyboard.press("Escape");
        await page.role("button", pane).waitFor();
      }
    });
  }

  story(`L-1 mini, ${theme}`, { size: MINI, theme, query: "?embed=mini&t=settled" }, async (page) => {
    await page.raw.locator(".because p").filter({ hasText: "has what it wants" }).waitFor();
    await page.shot("settled");
    await fits(page);
    await whole(page, ".seat", 2);
    await whole(page, ".step", 1);
  });
}

story("mini shows why and the way out", {
  size: MINI, query: "?embed=mini&t=settled&select=node/node-b",
}, async (page) => {
  await page.raw.keyboard.press("u");
  await fits(page);
});

test("X-6 a frame that may only run scripts", { timeout: 90_000 }, async () => {
  const frame = (query, [width, height]) =>
    `<iframe src="index.html${query}" width="${width}" height="${height}" ` +
    `sandbox="allow-scripts" title="t"></iframe>`;
  const site = await serve(DIST, {
    prefix: "/x/",
    answer: () => ({ headers: { "access-control-allow-origin": "*" } }),
    files: {
      "host.html": "<!doctype html><title>host</title><link rel=icon href=data:,><h1>A page of documentation</h1>" +
        frame("?embed=1&t=settled", [640, 420]) + frame("?embed=mini", [320, 240]) +
        "<p style='height:3000px'>The end.</p>",
    },
  });
  const page = await open("in a sandbox", { url: `${site.url}host.html` });
  try {
    const [one, mini] = [page.raw.frameLocator("iframe >> nth=0"), page.raw.frameLocator("iframe >> nth=1")];
    await one.locator(".because p").filter({ hasText: "has what it wants" }).waitFor();
    await mini.locator(".step").click();
    await mini.locator(".occ.s-pending, .occ.s-creating").first().waitFor();
    await one.getByRole("button", { name: "Power off node-b" }).click();
    await one.locator(".because p").filter({ hasText: "has not noticed yet" }).waitFor();
    await page.shot("host");
    // It neither focuses itself nor scrolls its host when it loads, and the wheel over it does.
    assert.equal(await page.raw.evaluate(() => scrollY), 0);
    await page.raw.mouse.move(300, 250);
    await page.raw.mouse.wheel(0, 600);
    await page.raw.waitForFunction(() => scrollY > 100);
    await page.isClean();
  } finally {
    await page.raw.context().close();
    await site.close();
  }
});

story("what an address asks for", {
  size: EMBED, query: "?embed=1&controls=step&readonly=1&theme=dark&panes=strip,transport,because&t=40s",
}, async (page) => {
  await page.raw.locator("html[data-theme=dark]").waitFor({ state: "attached" });
  assert.equal(await page.raw.locator(":is(.stage, .pw, .play):visible").count(), 0);
  assert.equal((await page.raw.locator(".clock").innerText()).trim(), "00:40");
  await page.shot("asked");
});

story("S-6 the whole page opened from an embed carries what was done", {
  size: EMBED, query: "?embed=1&t=settled",
}, async (page) => {
  await page.raw.locator(".because p").filter({ hasText: "has what it wants" }).waitFor();
  await page.click("button", "Power off node-b");
  const because = await page.raw.locator(".because p").innerText();
  const popup = page.raw.context().waitForEvent("page");
  await page.click("button", "Open in playground ↗");
  const whole = await popup;
  await whole.locator("html[data-boot=ready]").waitFor({ state: "attached" });
  assert.equal(await whole.locator(".because p").innerText(), because);
  assert.equal(await whole.locator("[data-embed]").count(), 0);
});
