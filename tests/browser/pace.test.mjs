// How long one press keeps the page from answering, with 1 000 Pods: the longest task behind each
// press, against what the same machine needs for a fixed piece of work in the same run, so that a
// slow machine is no fault of the page.
//
// Not here: what a press may do, counted (tests/inputs.rs).

import assert from "node:assert/strict";
import { story } from "./harness.mjs";

const PODS = 1000;
/** The most one press may take, in milliseconds, on a machine that needs `USUAL` for the work. */
const MOST = 200;
const USUAL = 60;

const MANIFEST = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  clusterIP: None
  selector: {app: web}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: web
  replicas: ${PODS}
  podManagementPolicy: Parallel
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx
`;

/** In the page: listens for long tasks, and can do the fixed piece of work, as fast as it ever can. */
function listen() {
  window.tasks = [];
  new PerformanceObserver((list) => {
    window.tasks.push(...list.getEntries().map((entry) => entry.duration));
  }).observe({ entryTypes: ["longtask"] });
  window.work = () => {
    const begun = performance.now();
    let sum = 0;
    for (let i = 0; i < 3e7; i += 1) sum = (sum * 31 + i) | 0;
    return performance.now() - begun + (sum === 7 ? 1 : 0);
  };
  // Slow until the browser has compiled it.
  for (let warm = 0; warm < 4; warm += 1) window.work();
}

/** Presses, waits until the page has been idle for a moment; the longest task behind it. */
async function freeze(page, press, least = 0) {
  await page.raw.evaluate(() => { window.tasks.length = 0; });
  await press();
  await page.raw.waitForTimeout(least);
  await page.raw.evaluate(async () => {
    let seen = -1;
    while (seen !== window.tasks.length) {
      seen = window.tasks.length;
      await new Promise((done) => setTimeout(done, 250));
    }
  });
  return page.raw.evaluate(() => Math.max(0, ...window.tasks));
}

/** The value that 95 of 100 do not exceed. */
const percentile95 = (all) => [...all].sort((a, b) => a - b)[Math.ceil(all.length * 0.95) - 1];

story("T-7 no press keeps a page with 1 000 Pods from answering", {
  query: "?example=blank&nodes=100&editor=plain", timeoutMs: 300_000,
}, async (page) => {
  const { raw } = page;
  const press = (selector, n = 0) => () =>
    raw.locator(selector).nth(n).evaluate((one) => one.click());
  const key = (name) => () => raw.keyboard.press(name);
  const choose = (text) => () => raw.evaluate((text) => {
    const all = [...document.querySelectorAll("button")];
    const one = all.find((one) => one.textContent.trim() === text && one.getClientRects().length);
    if (!one) throw new Error(`there is no ${text}`);
    one.click();
  }, text);
  await raw.evaluate(listen);
  await raw.locator("#manifest").fill(MANIFEST);
  await press(".pane-foot .btn")();
  await raw.waitForTimeout(500);
  await press(".settle")();
  await raw.locator(".settled").waitFor({ timeout: 120_000 });
  assert.equal(await raw.locator(".sethead .num").first().innerText(), `${PODS} of ${PODS} ready`);
  const presses = [];
  for (let round = 0; round < 2; round += 1) {
    presses.push(
      ["pick a machine", press(".node .pick", round)],
      ["power off", press(".node .pw", round)],
      ["step", press(".step")], ["step", press(".step")], ["step", press(".step")],
      ["+10 s", choose("+10 s")],
      ["pick a Pod", press(".node .ch, .node .cp, .node .pod", 3)],
      ["describe", choose("Describe")], ["YAML", key("y")], ["its events", press(".right [role=tab]", 2)],
      ["its history", choose("History")], ["now", choose("Now")],
      ["PVCs", choose("PVCs")], ["Nodes", choose("Nodes")], ["Pods", choose("Pods")],
      ["filter", () => raw.locator(".eventpane .filter").fill(`web-${round}`)],
      ["no filter", () => raw.locator(".eventpane .filter").fill("")],
      ["theme", press(".top .btn[aria-label^=Theme]")],
      ["power on", press(".is-off .pw")],
      ["step", press(".step")],
      ["back", key(",")], ["back", key(",")], ["forth", key(".")],
      ["play", key(" ")], ["pause", key(" ")],
      ["settle", press(".settle")],
      ["the seat", press(".seat .pick", round)],
      ["nothing", key("Escape")],
    );
  }
  const took = [];
  const machine = [];
  for (const [name, act] of presses) {
    machine.push(await raw.evaluate(() => window.work()));
    took.push([name, Math.round(await freeze(page, act))]);
  }
  // As slow as it was when it was slow: others may want the machine as well.
  const slow = Math.max(1, percentile95(machine) / USUAL);
  const all = took.map(([, millis]) => millis);
  const report = took.map(([name, millis]) => `${name} ${millis}`).join(", ");
  const most = MOST * slow;
  assert.ok(percentile95(all) <= most, `95 of 100 in ${percentile95(all)} ms, not ${most}: ${report}`);
});

// What is looked through a quarter of a second after the last letter: as much as an editor holds.
const KIB = 256;
const repeat = (make, most = KIB * 1024) => {
  const parts = [];
  for (let size = 0, i = 0; size < most; i += 1) {
    parts.push(make(i));
    size += parts[i].length;
  }
  return parts.join("");
};
const configs = (i) => `---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a-${i}\ndata:\n  a: "${i}"\n`;
const TEXTS = {
  "many documents": repeat(configs),
  "many faults": repeat((i) => configs(i).replace("data", "dada")),
  "one map": `${configs(0)}${repeat((i) => `  key-${i}: x\n`)}`,
  "one list": `apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    image: a\n    args:\n${
    repeat((i) => `    - "${i}"\n`)}`,
  "old versions": repeat((i) => `---\n${MANIFEST.split("---\n")[1].replace("apps/v1", "apps/v1beta1")
    .replace("name: web", `name: web-${i}`)}`),
  "one long word": `a: ${"x".repeat(KIB * 1024)}`,
  "brackets": "[".repeat(KIB * 1024),
};

// Finding and drawing together; finding alone is a part of it that nobody sees apart. What is slow by
// itself is slow each time; what else the machine had to do is not, and gets two more tries.
const TRIES = 3;
story("Y-2 what is found in 256 KiB is found at once", { query: "?editor=plain", timeoutMs: 180_000 }, async (page) => {
  const { raw } = page;
  await raw.evaluate(listen);
  const write = (text) => () => raw.evaluate((text) => {
    const area = document.getElementById("manifest");
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }, text);
  for (const [name, text] of Object.entries(TEXTS)) {
    const tries = [];
    do {
      await freeze(page, write("a: b\n"), 600);
      const machine = [await raw.evaluate(() => window.work())];
      const millis = await freeze(page, write(text), 600);
      machine.push(await raw.evaluate(() => window.work()));
      tries.push({ millis, most: MOST * Math.max(1, ...machine.map((it) => it / USUAL)) });
    } while (tries.every(({ millis, most }) => millis > most) && tries.length < TRIES);
    const { millis, most } = tries.at(-1);
    assert.ok(millis <= most, `${name}: ${JSON.stringify(tries)} ms`);
  }
});

/** In the page: at which frame each of these was first drawn anew after a press of *Step*. */
function order(selectors) {
  return new Promise((done) => {
    const at = {};
    let frame = 0;
    for (const selector of selectors) {
      new MutationObserver(() => { at[selector] ??= frame; }).observe(
        document.querySelector(selector),
        { subtree: true, childList: true, characterData: true, attributes: true },
      );
    }
    const count = () => {
      frame += 1;
      if (frame === 3) document.querySelector(".step").click();
      if (frame < 12) requestAnimationFrame(count); else done(at);
    };
    requestAnimationFrame(count);
  });
}

story("a press is answered first; chart and record follow with the next picture", {}, async (page) => {
  await page.click("button", "Step");
  await page.raw.waitForTimeout(500);
  const at = await page.raw.evaluate(order, [".strip", ".because", ".timeline", ".eventpane"]);
  const answer = at[".strip"] ?? at[".because"];
  assert.ok(at[".timeline"] > answer && at[".eventpane"] > answer, JSON.stringify(at));
  assert.ok(at[".eventpane"] <= answer + 2, JSON.stringify(at));
});
