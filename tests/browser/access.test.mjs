// For everybody: axe-core over states, themes and languages; the whole story by keyboard; forced
// colours, no motion, 400 % zoom; one live sentence a deed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { DESKTOP, EMBED, MINI, PHONE, story } from "./harness.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const SETTLE = "Settle: until nothing more happens";

/** What axe-core finds, one line each. */
async function violations(page) {
  await page.raw.waitForTimeout(350);
  await page.raw.evaluate(AXE);
  const found = await page.raw.evaluate((tags) => window.axe.run(document, {
    runOnly: { type: "tag", values: tags },
    rules: {
      "target-size": { enabled: true },
      // Experimental. A-4 words the names of Pods and volumes; each begins with the visible name.
      "label-content-name-mismatch": { enabled: false },
    },
  }), TAGS);
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id}: ${node.target.join(" ")} ${node.failureSummary.replace(/\s+/g, " ").slice(0, 160)}`));
}

const settle = (page) => page.raw.locator(".settle").click();

async function down(page) {
  await settle(page);
  await page.raw.locator(".pw").nth(1).click();
  await settle(page);
  await page.raw.locator(".pod.s-terminating").first().waitFor();
}

const STATES = {
  default: async () => {},
  running: async (page) => { await page.raw.locator(".step").click(); },
  waiting: async (page) => { await down(page); await page.raw.locator(".btn-out:visible").first().click(); },
  past: async (page) => {
    await down(page);
    await page.raw.locator(".tl").press("ArrowLeft");
    await page.raw.locator(".past-tag").waitFor();
  },
  placing: async (page) => { await settle(page); await page.raw.locator(".pod").first().click(); },
  told: async (page) => {
    await settle(page);
    await page.raw.locator(".pod").first().click();
    await page.raw.keyboard.press("y");
    await page.raw.locator(".told").waitFor();
  },
  help: async (page) => {
    await page.raw.locator(".tip").waitFor({ state: "attached" });
    await page.raw.keyboard.press("?");
    await page.raw.locator(".help-words dt").first().waitFor();
  },
  dialog: async (page) => {
    await page.raw.locator(".share").click();
    await page.raw.locator("dialog[open]").waitFor();
  },
  error: async (page) => {
    await page.raw.locator("#manifest").fill("kind: StatefulSet\n\tname: x\n");
    await page.raw.locator(".found li").first().waitFor();
  },
  stopped: async (page) => {
    await page.raw.evaluate(() => { setTimeout(() => { throw new WebAssembly.RuntimeError("unreachable"); }); });
    await page.raw.locator(".boot-alert").waitFor();
    page.faults = [];
  },
};

for (const theme of ["light", "dark"]) {
  for (const lang of ["en", "zh-CN"]) {
    for (const [name, reach] of Object.entries(STATES)) {
      story(`A-1 axe, ${name}, ${theme}, ${lang}`, { theme, query: `?lang=${lang}` }, async (page) => {
        await reach(page);
        assert.deepEqual(await violations(page), []);
        if (lang !== "en") await page.shot("zh");
      });
    }
    for (const [embed, size] of [["1", EMBED], ["mini", MINI]]) {
      story(`A-1 axe, embed ${embed}, ${theme}, ${lang}`, {
        theme, size, query: `?embed=${embed}&t=settled&lang=${lang}`,
      }, async (page) => {
        assert.deepEqual(await violations(page), []);
        if (lang !== "en") await page.shot("zh");
      });
    }
  }
  story(`A-1 axe, phone, ${theme}`, { theme, size: PHONE, touch: true }, async (page) => {
    await down(page);
    assert.deepEqual(await violations(page), []);
  });
}

/** Presses Tab (or another key) until what has the focus matches, counting. */
class Keys {
  presses = 0;
  constructor(page) { this.page = page; }
  async press(key, times = 1) {
    for (let n = 0; n < times; n += 1) await this.page.raw.keyboard.press(key);
    this.presses += times;
  }
  focus() {
    return this.page.raw.evaluate(() => {
      const one = document.activeElement;
      return `${one.getAttribute("aria-label") ?? ""} ${one.textContent}`.replace(/\s+/g, " ").trim();
    });
  }
  async to(pattern, key = "Tab", limit = 40) {
    for (let n = 0; n < limit; n += 1) {
      if (pattern.test(await this.focus())) return;
      await this.press(key);
    }
    assert.fail(`${limit} times ${key} did not lead to ${pattern}; it is at ${await this.focus()}`);
  }
}

story("A-2 the story by keyboard alone", {}, async (page) => {
  const keys = new Keys(page);
  const reads = (pattern) => page.raw.locator(".because p").filter({ hasText: pattern }).waitFor();
  await keys.press("s");
  await reads(/has what it wants/);
  await keys.press("F6");
  await keys.to(/^Power off node-b/);
  await keys.press("Enter");
  await reads(/has not noticed/);
  await keys.press("s");
  await reads(/web-1 cannot be replaced/);
  await keys.press("w");
  await keys.to(/^Power on node-b/);
  await keys.press("Enter");
  await keys.press("s");
  await reads(/has what it wants/);
  await keys.press("Control+s");
  await page.role("dialog", "Share").waitFor();
  await page.raw.waitForFunction(() => document.activeElement.id === "share-link");
  assert.match(await page.raw.evaluate(() => document.activeElement.value), /#1d\./);
  await keys.press("Escape");
  assert.ok(keys.presses <= 60, `${keys.presses} presses`);
});

story("A-3 F6 leads from pane to pane, and focus is never lost", {}, async (page) => {
  const panes = [];
  for (let n = 0; n < 6; n += 1) {
    await page.raw.keyboard.press("F6");
    panes.push(await page.raw.evaluate(() => document.activeElement.className.split(" ")[0]));
  }
  assert.deepEqual(panes.slice(0, 5), ["centre", "deck", "right", "dock", "left"]);
  assert.equal(panes[5], panes[0]);
  await page.raw.keyboard.press("Shift+F6");
  assert.equal(await page.raw.evaluate(() => document.activeElement.className.split(" ")[0]), "left");
  await page.raw.keyboard.press("s");
  await page.raw.locator(".pod").first().focus();
  const name = (await page.raw.locator(".pod").first().getAttribute("aria-label")).split(",")[0];
  await page.raw.keyboard.press("Enter");
  await page.raw.locator(".insp").getByRole("button", { name: `Force delete ${name}` }).click();
  await page.raw.locator(".pod").first().focus();
  await page.raw.keyboard.press("s");
  assert.notEqual(await page.raw.evaluate(() => document.activeElement.tagName), "BODY");
});

story("A-4 T-3 arrows lead through the figure and through time", {}, async (page) => {
  await settle(page);
  await page.raw.locator(".stage .pod").first().focus();
  await page.raw.keyboard.press("ArrowRight");
  assert.match(await page.raw.evaluate(() => document.activeElement.className), /pw/);
  await page.raw.keyboard.press("ArrowLeft");
  assert.match(await page.raw.evaluate(() => document.activeElement.getAttribute("aria-label")), /^web-\d, Ready, on node-/);
  await page.raw.keyboard.press("Enter");
  await page.raw.locator(".insp-h h2").waitFor();
  const slider = page.role("slider", "Timeline");
  await slider.focus();
  const said = () => slider.getAttribute("aria-valuetext");
  // The chart follows a press with the next picture.
  const presses = async (key) => {
    await page.raw.keyboard.press(key);
    await page.raw.evaluate(() => new Promise((done) => {
      requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)));
    }));
  };
  const before = await said();
  await presses("PageUp");
  assert.notEqual(await said(), before);
  await presses("PageDown");
  assert.equal(await said(), before);
  await presses("ArrowLeft");
  await presses("Home");
  assert.match(await said(), /^00:00/);
});

story("A-5 one sentence a deed, and nothing else is live", {}, async (page) => {
  await page.raw.evaluate(() => {
    window.heard = [];
    new MutationObserver(() => window.heard.push(document.querySelector(".app > .sr").textContent))
      .observe(document.querySelector(".app > .sr"), { childList: true, characterData: true, subtree: true });
  });
  await page.raw.locator(".step").click();
  const heard = await page.raw.evaluate(() => window.heard);
  assert.equal(heard.length, 1);
  assert.match(heard[0], /^At 00:0\d\. web-0: Pending/);
  assert.equal(await page.raw.locator(".stage [aria-live], .stage [role=status]").count(), 0);
});

story("A-7 no shortcut acts in text", {}, async (page) => {
  await page.raw.locator("#manifest").focus();
  await page.raw.keyboard.type("s.s ");
  assert.equal((await page.raw.locator(".clock").innerText()).trim(), "00:00");
});

for (const theme of ["light", "dark"]) {
  story(`V-1 A-6 forced colours, ${theme}`, { theme, forcedColors: "active" }, async (page) => {
    await down(page);
    await page.raw.locator(".pod").first().click();
    await page.shot("forced");
    const seen = await page.raw.evaluate(() => {
      const width = (selector) => parseFloat(getComputedStyle(document.querySelector(selector)).outlineWidth);
      const stroke = getComputedStyle(document.querySelector(".pod .edge .e1")).stroke;
      return [width(".node-body"), width(".kept"), stroke !== "none"];
    });
    assert.ok(seen[0] > 0 && seen[1] > 0 && seen[2], String(seen));
  });
}

story("M-2 without motion nothing moves", { motion: "reduce" }, async (page) => {
  await down(page);
  const running = await page.raw.evaluate(() =>
    document.getAnimations().filter((one) => one.effect.getTiming().duration > 0).length);
  assert.equal(running, 0);
});

story("M-3 nothing moves while it is settled", {}, async (page) => {
  await settle(page);
  await page.raw.waitForTimeout(1000);
  assert.equal(await page.raw.evaluate(() => document.getAnimations().length), 0);
});

for (const pane of ["cluster", "yaml", "inspector", "events", "table"]) {
  story(`L-3 400 % zoom, ${pane}`, { size: { width: 320, height: 256 } }, async (page) => {
    await page.raw.locator(`.tabbar .p-${pane}`).click();
    await page.fitsWidth();
    const lost = await page.raw.evaluate(() => [...document.querySelectorAll("button, select, a")]
      .filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length)
      .filter((one) => {
        const box = one.getBoundingClientRect();
        const inside = one.closest(".tbl, .tabs, .ev, .code, .strip, .tl, .sr");
        return !inside && (box.left < -1 || box.right > innerWidth + 1);
      }).map((one) => one.textContent || one.getAttribute("aria-label")));
    assert.deepEqual(lost, []);
    await page.shot("zoom");
  });
}

story("A-6 wider spacing of text clips nothing that must be read", { size: DESKTOP }, async (page) => {
  await settle(page);
  await page.raw.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }");
    document.adoptedStyleSheets = [sheet];
  });
  await page.fitsWidth();
  await page.shot("spacing");
});
