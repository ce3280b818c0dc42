// Panes: splitters, one pane alone, paper, what is picked, density of the figure, the tabs of an
// object, the glossary, keys that can be switched off, what is said where nothing is.

import assert from "node:assert/strict";
import { DESKTOP, EMBED, PHONE, TABLET, story } from "./harness.mjs";

const SETTLE = "Settle: until nothing more happens";
const LAPTOP = { width: 1100, height: 850 };
const tools = (page) => page.raw.locator(".tip").waitFor({ state: "attached" });
const now = (bar) => bar.evaluate((one) => Number(one.ariaValueNow));

async function settle(page) {
  await page.raw.locator(".settle").click();
  await page.raw.locator(".settled").waitFor({ state: "attached" });
}

const seat = (page, n) => page.raw.locator(".seat .pick").nth(n);

for (const [size, names] of [
  [DESKTOP, ["Width of the manifest", "Width of the inspector", "Height of events and terminal"]],
  [LAPTOP, ["Width of the manifest", "Height of events and terminal"]],
  [TABLET, ["Height of the pane below"]],
]) {
  story(`L-4 splitters, ${size.width}`, { size }, async (page) => {
    await tools(page);
    for (const name of names) {
      const bar = page.role("separator", name);
      const more = /Height/.test(name) ? "ArrowUp" : /inspector/.test(name) ? "ArrowLeft" : "ArrowRight";
      const less = { ArrowUp: "ArrowDown", ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" }[more];
      const first = await now(bar);
      await bar.press("End");
      const most = await now(bar);
      await bar.press(less);
      assert.equal(await now(bar), most - 2, name);
      await bar.press(more);
      assert.equal(await now(bar), most, name);
      await bar.press("Home");
      const least = await now(bar);
      assert.ok(least < most && least >= (await bar.evaluate((one) => Number(one.ariaValueMin))) - 1, name);
      await page.fitsWidth();
      await page.raw.reload();
      await page.ready();
      await tools(page);
      assert.equal(await now(bar), least, `${name} is remembered`);
      await bar.dblclick();
      assert.equal(await now(bar), first, `${name} as at first`);
    }
    await page.hasNoStyleAttribute();
  });
}

story("L-4 sizes are of one layout, and can be dragged", { size: DESKTOP }, async (page) => {
  await tools(page);
  const bar = page.role("separator", "Width of the manifest");
  const box = await bar.boundingBox();
  await page.raw.mouse.move(box.x + 4, box.y + 100);
  await page.raw.mouse.down();
  await page.raw.mouse.move(720, box.y + 100, { steps: 4 });
  await page.raw.mouse.up();
  assert.equal(await now(bar), 50);
  await page.raw.setViewportSize(LAPTOP);
  await page.raw.waitForFunction(() => document.querySelector(".left").clientWidth < 500);
  await page.raw.setViewportSize(DESKTOP);
  await page.raw.waitForFunction(() => document.querySelector(".left").clientWidth > 700);
});

story("L-4 each pane can have all the room", { size: DESKTOP }, async (page) => {
  await tools(page);
  for (const [name, pane] of [["manifest", ".left"], ["cluster", ".centre"], ["inspector", ".right"]]) {
    const button = page.role("button", `Maximise the ${name}`);
    await button.click();
    const { width, height } = await page.raw.locator(pane).boundingBox();
    assert.ok(width > 1400 && height > 600, `${name}: ${width}, ${height}`);
    assert.ok(await page.raw.locator(".step").isVisible());
    await page.shot(name);
    await page.raw.keyboard.press("Escape");
    assert.ok((await page.raw.locator(pane).boundingBox()).width < 800);
  }
  await page.click("button", "Give the terminal more room");
  assert.ok((await page.raw.locator(".dock").boundingBox()).height > 400);
});

/** Applies a Deployment of so many Pods on so many nodes. */
async function crowd(page, pods) {
  await page.raw.locator("#manifest").fill(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: ${pods}
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec: {containers: [{name: main, image: nginx}]}
`);
  await page.click("button", "Apply");
  await settle(page);
}

story("L-5 Pods are drawn as large as there is room", { query: "?nodes=1" }, async (page) => {
  for (const [pods, density, height] of [[3, "tight", 46], [12, "compact", 46], [30, "chip", 46]]) {
    await crowd(page, pods);
    const place = page.raw.locator(".node .pods");
    assert.equal(await place.getAttribute("data-density"), density);
    const small = await page.raw.evaluate(() => [...document.querySelectorAll(".pods *")]
      .filter((one) => one.textContent.trim() && one.getClientRects().length)
      .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 11).length);
    assert.equal(small, 0, "text below 11 px");
    const tall = await place.locator("button").first().evaluate((one) => one.offsetHeight);
    assert.ok(tall <= height && tall >= 20, `${density}: ${tall}`);
  }
  await crowd(page, 100);
  const more = page.raw.locator(".node .pods").getByRole("button", { name: /^\+\d+ more$/ });
  await more.click();
  await page.raw.locator(".tbl th", { hasText: "NODE" }).waitFor();
  await page.shot("chips");
});

for (const nodes of [6, 12]) {
  story(`L-6 ${nodes} nodes`, { query: `?nodes=${nodes}` }, async (page) => {
    await settle(page);
    const board = page.raw.locator(".board");
    const last = page.raw.locator(".node").last();
    const [box, node] = [await board.boundingBox(), await last.boundingBox()];
    const inside = node.y + node.height <= box.y + box.height;
    assert.equal(inside, nodes === 6, `the last node ends at ${node.y + node.height} of ${box.y + box.height}`);
    const strip = await page.raw.locator(".seat").last().boundingBox();
    assert.ok(strip.y + strip.height <= box.y + box.height, "the seats are in sight");
    const rows = await page.raw.locator(".node").evaluateAll((all) =>
      new Set(all.map((one) => Math.round(one.getBoundingClientRect().top))).size);
    assert.ok(rows > 1, "nodes wrap into rows");
    assert.ok(await page.raw.locator(".step").isVisible());
    const page_scrolls = await page.raw.evaluate(() =>
      document.documentElement.scrollHeight > document.documentElement.clientHeight);
    assert.equal(page_scrolls, false);
    await page.shot("nodes");
  });
}

story("L-8 paper", { size: DESKTOP }, async (page) => {
  await settle(page);
  await page.raw.locator("#manifest").click();
  await page.raw.locator(".cm .cm-content").waitFor();
  await page.raw.emulateMedia({ media: "print" });
  for (const part of [".clock", ".because p", ".tablepane .tbl", "#manifest", ".title"]) {
    assert.ok(await page.raw.locator(part).first().isVisible(), part);
  }
  for (const part of [".step", ".pane-foot", ".tabbar", ".termpane", ".split", ".max", ".pw", ".timeline"]) {
    assert.equal(await page.raw.locator(part).first().isVisible(), false, part);
  }
  const paper = await page.raw.pdf({ format: "A4" });
  assert.ok(paper.length > 10_000);
  await page.raw.setViewportSize({ width: 800, height: 1130 });
  await page.shot("paper");
});

for (const size of [DESKTOP, PHONE]) {
  story(`P-2 what is picked is picked everywhere, in sight, ${size.width}`, { size, query: "?nodes=12" }, async (page) => {
    await tools(page);
    await settle(page);
    const pane = () => page.raw.locator(".app").getAttribute("data-pane");
    const before = await pane();
    const scrolled = () => page.raw.evaluate(() => [scrollY, document.querySelector(".app").scrollTop]);
    const start = await scrolled();
    if (size === PHONE) {
      await seat(page, 1).click();
    } else {
      await page.raw.locator(".dock .tabs:visible").getByRole("tab", { name: "Pods", exact: true }).click();
      await page.raw.locator(".tbl .pick", { hasText: "web-1" }).click();
    }
    await page.raw.locator(".seat.is-picked").waitFor();
    for (const part of [".seat.is-picked", ".pod.is-picked", ".tbl tr.is-picked"]) {
      assert.match(await page.raw.locator(part).first().textContent(), /web-1/, part);
    }
    assert.match(await page.raw.locator(".insp-h h2").textContent(), /web-1/);
    await page.raw.waitForFunction(() => {
      const [one, box] = [".seat.is-picked", ".board"].map((what) =>
        document.querySelector(what).getBoundingClientRect());
      return one.top >= box.top - 1 && one.bottom <= box.bottom + 1;
    });
    assert.equal(await pane(), before, "no other pane");
    assert.deepEqual(await scrolled(), start, "the page has not moved");
    if (size === DESKTOP) {
      await page.raw.locator(".ev .o", { hasText: "web-0" }).first().click();
      await page.raw.locator(".seat.is-picked", { hasText: "web-0" }).waitFor();
      await page.raw.locator(".term-log, .termpane .tabs").first().waitFor({ state: "attached" });
    }
  });
}

story("M-1 a step ends what moves, and waits for nothing", {}, async (page) => {
  await page.raw.evaluate(() => {
    window.lag = [];
    document.addEventListener("click", () => {
      const begun = performance.now();
      requestAnimationFrame(() => window.lag.push(performance.now() - begun));
    }, true);
  });
  const clocks = new Set();
  for (let n = 0; n < 6; n += 1) {
    await page.raw.locator(".step").click();
    clocks.add(await page.raw.locator(".clock").innerText());
    const moving = await page.raw.evaluate(() => document.getAnimations()
      .filter((one) => one.playState === "running" && one.effect.getTiming().duration > 500).length);
    assert.equal(moving, 0, "nothing lasts longer than half a second");
  }
  assert.ok(clocks.size >= 3, "each press counts at once");
});

story("M-4 from 20 times on nothing moves between states", {}, async (page) => {
  await page.role("combobox", "Speed").selectOption("20");
  await page.raw.evaluate(() => {
    window.moved = 0;
    document.addEventListener("animationstart", (event) => {
      if (getComputedStyle(event.target).animationDuration !== "0s") window.moved += 1;
    });
    document.addEventListener("transitionstart", (event) => {
      if (event.target.closest(".stage")) window.moved += 1;
    });
  });
  await page.click("button", "Play");
  await page.raw.locator(".app.still").waitFor();
  await page.raw.locator(".pod.s-ready").nth(1).waitFor();
  assert.equal(await page.raw.evaluate(() => window.moved), 0);
});

story("T-6 a hidden page stands still and wakes without a burst", {}, async (page) => {
  await page.raw.evaluate(() => {
    // What a hidden page does to frames: they do not come.
    const asks = window.requestAnimationFrame.bind(window);
    window.held = [];
    window.hold = false;
    window.requestAnimationFrame = (each) => (window.hold ? window.held.push(each) : asks(each));
  });
  await page.role("combobox", "Speed").selectOption("1");
  await page.click("button", "Play");
  await page.raw.waitForTimeout(1_000);
  await page.raw.evaluate(() => { window.hold = true; });
  await page.raw.waitForTimeout(300);
  const clock = () => page.raw.locator(".clock").innerText();
  const before = await clock();
  await page.raw.waitForTimeout(3_000);
  assert.equal(await clock(), before, "time stands");
  await page.raw.evaluate(() => {
    window.hold = false;
    window.held.splice(0).forEach((each) => requestAnimationFrame(each));
  });
  await page.raw.waitForTimeout(400);
  const seconds = (text) => Number(text.trim().slice(-2));
  assert.ok(seconds(await clock()) - seconds(before) <= 1, "no burst");
  await page.role("combobox", "Speed").selectOption("60");
  await page.raw.locator(".settled").waitFor();
  assert.ok(await page.role("button", "Play").isVisible(), "it has stopped by itself");
});

const MANY = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: many}
spec:
  serviceName: many
  replicas: 1000
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: many}}
  template:
    metadata: {labels: {app: many}}
    spec: {containers: [{name: main, image: nginx}]}
`;

story("T-7 a long step is answered at once, and ends", { size: DESKTOP, query: "?editor=plain&example=blank&nodes=10" }, async (page) => {
  await page.raw.locator("#manifest").fill(MANY);
  await page.raw.locator("#manifest").press("Control+Enter");
  await page.raw.locator(".sethead").waitFor();
  const busy = await page.raw.evaluate(() => new Promise((done) => {
    document.querySelector(".step").click();
    const look = () => done(document.querySelector(".app").classList.contains("busy"));
    requestAnimationFrame(() => setTimeout(look));
  }));
  assert.ok(busy, "more than one picture's work");
  await page.raw.locator(".app:not(.busy)").waitFor();
  const chips = page.raw.locator("[data-density=chip] > .ch");
  assert.ok(await chips.count() > 0, "the Pods are on their machines");
  assert.ok(await chips.count() <= 200, "P21: no more than can be told apart");
});

story("I-2 facts are explained on focus and on hover", { size: DESKTOP }, async (page) => {
  await tools(page);
  await settle(page);
  await seat(page, 1).click();
  const term = page.raw.locator(".facts .gloss", { hasText: "UID" });
  await term.focus();
  const tip = page.raw.getByRole("tooltip");
  await tip.filter({ hasText: "Tells this object from every other" }).waitFor();
  assert.equal(await term.getAttribute("aria-describedby"), "tip");
  assert.match(await tip.locator("a").getAttribute("href"), /^https:\/\/kubernetes\.io\/docs\//);
  await page.shot("tip");
  await page.raw.keyboard.press("Escape");
  await tip.waitFor({ state: "hidden" });
  await page.raw.locator(".facts .gloss", { hasText: "Revision" }).hover();
  await tip.filter({ hasText: "hash of the template" }).waitFor();
  await tip.hover();
  assert.ok(await tip.isVisible(), "it stays while the pointer is on it");
  await page.raw.keyboard.press("Escape");
  await page.click("button", "中文");
  await page.raw.locator(".facts .gloss", { hasText: "节点" }).focus();
  await tip.filter({ hasText: "运行 Pod 的机器" }).waitFor();
});

for (const size of [DESKTOP, PHONE]) {
  story(`A-7 single keys can be switched off, ${size.width}`, { size }, async (page) => {
    await tools(page);
    await page.raw.locator(".centre").evaluate((one) => one.focus());
    const clock = () => page.raw.locator(".clock").innerText();
    await page.click("button", "Help: keys and words");
    const tick = page.role("checkbox", /^Single keys act/);
    assert.ok(await tick.isChecked());
    await page.raw.locator(".help-words dt", { hasText: "Multi-Attach" }).waitFor();
    await page.shot("help");
    await page.fitsWidth();
    await page.raw.keyboard.press("s");
    await page.raw.keyboard.press("Escape");
    await page.raw.locator("dialog").waitFor({ state: "detached" });
    assert.equal((await clock()).trim(), "00:00", "no key of the dialog's was the page's");
    await page.click("button", "Help: keys and words");
    await tick.click();
    await page.click("button", "Close");
    await page.raw.keyboard.press("s");
    await page.raw.keyboard.press(".");
    await page.raw.waitForTimeout(200);
    assert.equal((await clock()).trim(), "00:00");
    await page.raw.reload();
    await page.ready();
    await tools(page);
    await page.raw.keyboard.press("s");
    await page.raw.waitForTimeout(200);
    assert.equal((await clock()).trim(), "00:00", "it is remembered");
    await page.click("button", "Help: keys and words");
    await tick.click();
    await page.click("button", "Close");
    await page.raw.keyboard.press("s");
    await page.raw.locator(".settled").waitFor({ state: "attached" });
  });
}

story("keys lead to panes, describe, and act on what is picked", { size: DESKTOP }, async (page) => {
  await tools(page);
  await settle(page);
  await seat(page, 1).click();
  await page.raw.keyboard.press("d");
  await page.raw.locator(".told", { hasText: "Controlled By:" }).waitFor();
  await page.raw.keyboard.press("y");
  await page.raw.locator(".told", { hasText: "apiVersion: v1" }).waitFor();
  for (const [key, pane] of [["2", "left"], ["3", "right"], ["4", "termpane"], ["5", "eventpane"], ["6", "tablepane"], ["1", "centre"]]) {
    await page.raw.keyboard.press(key);
    await page.raw.waitForFunction((name) => document.activeElement.classList.contains(name), pane);
  }
  await page.raw.keyboard.press("x");
  await page.raw.locator(".seat", { hasText: "web-1" }).filter({ hasText: "Terminating" }).waitFor();
  await page.raw.locator(".node .node-h .pick").first().click();
  await page.raw.keyboard.press("p");
  await page.raw.locator(".node.is-off").waitFor();
  await page.raw.keyboard.press("e");
  await page.raw.waitForFunction(() => document.activeElement.id === "manifest" ||
    document.activeElement.classList.contains("cm"));
});

for (const size of [DESKTOP, PHONE]) {
  story(`the tabs of an object, and the difference to a manifest, ${size.width}`, { size }, async (page) => {
    await settle(page);
    await page.raw.locator("#manifest").evaluate((area) => {
      area.value = area.value.replace("replicas: 2", "replicas: 3");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    });
    if (size === PHONE) await page.raw.locator(".tabbar .p-yaml").click();
    await page.click("button", "Diff with cluster");
    await page.raw.locator(".term-log", { hasText: "+  replicas: 3" }).waitFor();
    await page.shot("diff");
    const [file] = await Promise.all([
      page.raw.waitForEvent("download"),
      (async () => {
        if (size === PHONE) await page.raw.locator(".tabbar .p-yaml").click();
        await page.click("button", "Download");
      })(),
    ]);
    assert.equal(file.suggestedFilename(), "web.yaml");
    if (size === PHONE) await page.raw.locator(".tabbar .p-cluster").click();
    await seat(page, 0).click();
    if (size === PHONE) await page.raw.locator(".tabbar .p-inspector").click();
    for (const [tab, text] of [["YAML", "kind: Pod"], ["Events", "Scheduled"], ["Describe", "Controlled By:"], ["History", "web-0 #1"]]) {
      await page.raw.locator(".right").getByRole("tab", { name: tab }).click();
      await page.raw.locator(".insp", { hasText: text }).waitFor();
      await page.shot(tab);
      await page.fitsWidth();
    }
  });
}

story("F-4 what is empty says what to do", { query: "?nodes=0" }, async (page) => {
  await page.sees("No nodes.");
  assert.equal(await page.raw.locator(".try button").count(), 3);
  await page.click("button", "Add a node");
  await page.raw.locator(".node").waitFor();
  const area = page.raw.locator("#manifest");
  await area.fill("");
  assert.match(await area.getAttribute("placeholder"), /^Paste a manifest, drop a file, or start from:/);
  await page.shot("empty");
  await page.click("button", "Reset");
  await page.sees("No events yet. Press Step.");
  await page.raw.locator(".empty-b").getByRole("button", { name: /ZooKeeper/ }).click();
  await page.raw.locator(".sethead", { hasText: "zk" }).waitFor();
});

story("what the address highlights is marked", { size: EMBED, query: "?embed=1&hl=pod/web-1,node/node-b&t=settled" }, async (page) => {
  await tools(page);
  const styled = (selector) => page.raw.locator(selector).first().evaluate((one) => getComputedStyle(one).outlineStyle);
  await page.raw.locator(".pod[data-name=web-1]").waitFor();
  assert.equal(await styled(".pod[data-name=web-1]"), "dashed");
  assert.equal(await styled(".node[data-name=node-b] > .node-body"), "dashed");
  assert.notEqual(await styled(".pod[data-name=web-0]"), "dashed");
  await page.shot("hl");
});

for (const size of [DESKTOP, PHONE]) {
  story(`the key / filters events and tables, ${size.width}`, { size }, async (page) => {
    const { keyboard } = page.raw;
    await tools(page);
    await settle(page);
    const events = page.raw.locator(".eventpane .o");
    await keyboard.press("/");
    const field = page.raw.locator(".eventpane .filter");
    await page.raw.waitForFunction(() => document.activeElement.matches(".eventpane .filter"));
    const all = await events.count();
    await keyboard.type("web-1");
    await page.raw.waitForFunction(() => [...document.querySelectorAll(".eventpane .o")]
      .every((one) => one.textContent.includes("web-1")));
    assert.ok((await events.count()) > 3 && (await events.count()) < all);
    await page.shot("filtered");
    assert.equal(await page.raw.locator(".clock").innerText(), "00:13", "no letter was a shortcut");
    if (size === DESKTOP) {
      await page.click("tab", "Pods");
      assert.deepEqual(await page.raw.locator(".tbl .pick").allInnerTexts(), ["web-1"]);
      await field.fill("nothing");
      assert.match(await page.raw.locator(".tablepane").innerText(), /Nothing with this in its name/);
    } else {
      await page.raw.locator(".tabbar .p-table").click();
      assert.deepEqual(await page.raw.locator(".tbl .pick").allInnerTexts(), ["web-1"]);
      await page.shot("table");
      await page.raw.locator(".tabbar .p-events").click();
    }
    await field.press("Escape");
    await page.raw.waitForFunction((all) =>
      document.querySelectorAll(".eventpane .o").length === all, all);
    assert.equal(await field.inputValue(), "");
    await page.fitsWidth();
  });
}

story("L-7 in front of many people", { query: "?present=1&until=settled" }, async (page) => {
  const { raw } = page;
  await tools(page);
  const seen = await raw.evaluate(() => ({
    theme: document.documentElement.dataset.theme,
    dock: document.querySelector(".dock").getClientRects().length,
    plate: document.querySelector(".pod .plate").getBoundingClientRect().width,
    cursor: getComputedStyle(document.querySelector(".app")).cursor,
    kept: localStorage.getItem("sfs.theme"),
  }));
  assert.equal(seen.theme, "contrast");
  assert.equal(seen.dock, 0);
  assert.ok(seen.plate >= 40, `${seen.plate}`);
  assert.match(seen.cursor, /^url\("data:image/);
  assert.equal(seen.kept, null, "another visit has the theme it had");
  const clock = () => raw.locator(".clock").innerText();
  const end = await clock();
  await raw.keyboard.press("PageUp");
  await raw.waitForFunction((end) => document.querySelector(".clock").innerText !== end, end);
  await page.shot("past");
  await raw.keyboard.press("b");
  await raw.keyboard.press("PageDown");
  await raw.waitForFunction((end) => document.querySelector(".clock").innerText === end, end);
  await page.fitsWidth();
  await page.shot("end");
});

story("L-6 machines that hold what is picked come first, those in trouble before them", {
  query: "?nodes=14&until=settled",
}, async (page) => {
  const { raw } = page;
  const names = () => raw.locator(".node .pick b").allInnerTexts();
  const held = async () => (await raw.locator(".node:has(.pod, .cp, .ch) .node-h .pick b")
    .allInnerTexts()).sort();
  const holders = await held();
  assert.equal(holders.length, 2);
  assert.deepEqual((await raw.locator(".node-h .pick b").allInnerTexts()).slice(0, 2), holders);
  await raw.locator(".node .pw").nth(6).evaluate((one) => one.click());
  await raw.locator(".node.is-off").waitFor();
  assert.equal(await raw.locator(".node").first().getAttribute("class").then((it) => /is-off/.test(it)), true);
  assert.equal((await names()).length > 0, true);
  await page.shot("first");
});

story("older events are listed when asked for", { size: DESKTOP }, async (page) => {
  await settle(page);
  await page.raw.locator("#command").fill("kubectl scale sts web --replicas=8");
  await page.raw.locator("#command").press("Enter");
  await page.role("button", "Stop").waitFor({ state: "detached" });
  await settle(page);
  const events = page.raw.locator(".eventpane .ev li");
  assert.equal(await events.count(), 40);
  const first = await events.first().innerText();
  const more = page.role("button", /^Show older events \(\d+\)$/);
  const left = Number(/\d+/.exec(await more.innerText())[0]);
  await more.click();
  await page.raw.waitForFunction((n) => document.querySelectorAll(".eventpane .ev li").length === n,
    40 + Math.min(left, 40));
  assert.equal(await events.first().innerText(), first);
});
