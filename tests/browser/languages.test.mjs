// Languages: chosen by address, memory and browser; switched at once; a language that is 40 % longer
// and marks every sentence, so that what is not translated shows.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { DESKTOP, EMBED, PHONE, TABLET, story } from "./harness.mjs";

const CHINESE = JSON.parse(readFileSync(new URL("../../static/zh-CN.json", import.meta.url), "utf8"));

/** Every sentence in brackets and 40 % longer. */
function pseudo() {
  const longer = (text) => text.includes("zh-CN") ? "en"
    : `⟦${text}${"·".repeat(Math.ceil(text.replace(/\{\w*\}/g, "").length * 0.4))}⟧`;
  return JSON.stringify(Object.fromEntries(Object.keys(CHINESE).map((key) => [key, longer(key)])));
}

const xx = (page) => page.raw.route("**/xx.json*", (route) =>
  route.fulfill({ contentType: "application/json", body: pseudo() }));

story("N-3 the browser's language is spoken", { locale: "zh-CN" }, async (page) => {
  await page.raw.locator("html[lang=zh-CN]").waitFor({ state: "attached" });
  assert.equal(await page.raw.title(), CHINESE["StatefulSet Playground"]);
  await page.role("button", CHINESE.Step).waitFor();
  await page.shot("zh");
});

story("N-3 the address comes first", { locale: "zh-CN", query: "?lang=en" }, async (page) => {
  await page.role("button", "Step").waitFor();
});

story("N-3 switched at once, kept, and nothing is lost", {}, async (page) => {
  await page.click("button", "Settle: until nothing more happens");
  await page.raw.locator(".pod").first().click();
  await page.raw.locator("#manifest").fill("# mine");
  await page.raw.locator(".lang").click();
  await page.role("button", CHINESE.Step).waitFor();
  assert.match(await page.raw.locator(".because p").innerText(), /已达到期望状态/);
  assert.equal(await page.raw.locator("#manifest").inputValue(), "# mine");
  assert.equal(await page.raw.locator(".insp-h").count(), 1);
  await page.shot("zh");
  await page.raw.reload();
  await page.ready();
  await page.role("button", CHINESE.Step).waitFor();
  await page.raw.locator(".share").click();
  await page.role("dialog", CHINESE.Share).waitFor();
  await page.shot("zh-share");
  await page.raw.keyboard.press("Escape");
  await page.raw.locator(".lang").click();
  await page.role("button", "Step").waitFor();
});

story("a language that does not come changes nothing", {
  prepare: (page) => page.raw.route("**/zh-CN.json*", (route) => route.fulfill({ status: 404 })),
}, async (page) => {
  await page.raw.locator(".lang").click();
  await page.raw.waitForTimeout(300);
  await page.role("button", "Step").waitFor();
  page.faults = page.faults.filter((fault) => !/404/.test(fault));
});

/** Names that stay as they are in every language. */
const NAMES = /^(|Web \(nginx\)|\.default\.svc\.cluster\.local|[^a-z]*|(web|node|nginx|pvc|zone|www|kubectl|zookeeper)[-.\w /#=,]*|YAML|PDB|StatefulSets?|Service|Pods?|Nodes?|PV[CS]?s?|Attachments|[A-Z]\w+(, \w+)?|.*Gi, \w+|cpu .*|中文|en)$/;

for (const [size, query] of [[DESKTOP, ""], [TABLET, ""], [PHONE, ""], [EMBED, "&embed=1"]]) {
  story(`N-4 a language 40 % longer, ${size.width}`, {
    size, query: `?lang=xx${query}`, prepare: xx,
  }, async (page) => {
    await page.raw.locator(".settle").click();
    await page.raw.locator(".pw").nth(1).click();
    await page.raw.locator(".settle").click();
    await page.raw.locator(".pod.s-terminating").waitFor();
    await page.fitsWidth();
    await page.shot("1-waiting");
    await page.raw.locator(".btn-out:visible").first().click();
    await page.fitsWidth();
    await page.shot("2-inspector");
    const bare = await page.raw.evaluate(() => {
      const found = new Set();
      for (const root of document.querySelectorAll(".top, .deck, .right, .stage, .strip, .because, .tabbar")) {
        const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
          const parent = walk.currentNode.parentElement;
          // A sentence is in pieces where objects stand in it.
          if (parent.closest("code, .mono, option, .plate") || /⟦/.test(parent.textContent)) continue;
          found.add(walk.currentNode.data.trim());
        }
        for (const one of root.querySelectorAll("[aria-label], [title]")) {
          found.add(one.getAttribute("aria-label") ?? one.title);
        }
      }
      return [...found].filter((text) => !/[⟦⟧·]/.test(text));
    });
    assert.deepEqual(bare.filter((text) => !NAMES.test(text) && /[a-z]{3}/.test(text)), []);
  });
}
