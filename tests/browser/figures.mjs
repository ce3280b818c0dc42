// Figures of the built page (performance.md: P17 to P21): how soon it stands and answers, what a
// step costs with many Pods, how evenly it plays. `./dev figures` calls it; it prints, and asserts
// nothing. Run it on an idle machine, and compare with another run beside it, not with old numbers.
//
// Not here: the simulator by itself (tests/bench).

import { chromium } from "playwright-core";
import { DIST, serve } from "./server.mjs";

const SIZES = [50, 1_000, 10_000];
const median = (all) => all.toSorted((a, b) => a - b)[all.length >> 1];
const highest = (all, share) => all.toSorted((a, b) => a - b)[Math.ceil(all.length * share) - 1];
const millis = (value) => `${Math.round(value)} ms`;

const manifest = (replicas) => `apiVersion: v1
kind: Service
metadata: {name: many}
spec: {clusterIP: None, selector: {app: many}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: many}
spec:
  serviceName: many
  replicas: ${replicas}
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: many}}
  template:
    metadata: {labels: {app: many}}
    spec: {containers: [{name: main, image: nginx}]}
`;

async function opened(browser, url, slow) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const tools = await context.newCDPSession(page);
  await tools.send("Performance.enable");
  if (slow) {
    await tools.send("Network.enable");
    await tools.send("Network.emulateNetworkConditions", {
      offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8,
    });
    await tools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  }
  await page.addInitScript(() => {
    window.largest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.largest ||= entry.startTime;
    }).observe({ type: "largest-contentful-paint", buffered: true });
    const marks = (name, mutation) => {
      if (document.documentElement.hasAttribute(name)) window[mutation] ||= performance.now();
    };
    new MutationObserver(() => {
      marks("data-boot", "usableAt");
      marks("data-whole", "wholeAt");
    }).observe(document, { attributes: true, subtree: true, childList: true });
  });
  await page.goto(url);
  await page.locator("html[data-whole]").waitFor({ state: "attached" });
  return { context, page, tools };
}

async function cpu(tools) {
  const { metrics } = await tools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration").value * 1000;
}

async function loading(browser, url, slow) {
  const runs = [];
  for (let i = 0; i < 5; i += 1) {
    const { context, page, tools } = await opened(browser, url, slow);
    const times = await page.evaluate(() => [window.largest, window.usableAt, window.wholeAt]);
    runs.push([...times, await cpu(tools)]);
    await context.close();
  }
  const [first, usable, whole, task] = [0, 1, 2, 3].map((i) => median(runs.map((run) => run[i])));
  console.log(`${slow ? "slow 4G, CPU/4" : "at full speed"}: first large paint ${millis(first)}, ` +
    `usable ${millis(usable)}, whole ${millis(whole)}, main thread ${millis(task)}`);
}

// A press of Step, to the frame after it; then as many as its picture needs.
const press = (page) => page.evaluate(() => new Promise((done) => {
  document.querySelector(".step").click();
  requestAnimationFrame(() => setTimeout(done));
}));
const shown = (page) => page.evaluate(() => new Promise((done) => {
  const look = () => {
    if (document.querySelector(".app.busy")) requestAnimationFrame(look);
    else setTimeout(done);
  };
  look();
}));
const frame = (page) => page.evaluate(() => new Promise((done) => {
  requestAnimationFrame(() => setTimeout(done));
}));

async function applied(browser, url, replicas) {
  const room = `${url}?editor=plain&example=blank&nodes=${Math.max(10, replicas / 100)}`;
  const { context, page, tools } = await opened(browser, room, false);
  await page.locator("#manifest").fill(manifest(replicas));
  await page.locator("#manifest").press("Control+Enter");
  return { context, page, tools };
}

// All Pods at once, step by step, and then Pods that are deleted one by one and come back. What the
// main thread does for a step is counted from the press to the frame that answers it, and to the
// one with its picture; an empty frame tells how much of that is only the measuring.
async function steps(browser, url, replicas) {
  const { context, page, tools } = await applied(browser, url, replicas);
  const [empty, answers, pictures] = [[], [], []];
  const spent = async (...deeds) => {
    const begun = await cpu(tools);
    const after = [];
    for (const deed of deeds) {
      await deed(page);
      after.push(await cpu(tools) - begun);
    }
    return after;
  };
  const go = async (most) => {
    for (let i = 0; i < most && await page.locator(".step:not([aria-disabled])").count(); i += 1) {
      const [answer, picture] = await spent(press, shown);
      answers.push(answer);
      pictures.push(picture);
    }
  };
  for (let i = 0; i < 9; i += 1) empty.push((await spent(frame))[0]);
  await go(100);
  for (let n = 0; n < 8; n += 1) {
    await page.locator("#command").fill(`kubectl delete pod many-${n} --wait=false`);
    await page.locator("#command").press("Enter");
    await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
    await go(5);
  }
  const said = (all) => `p50 ${millis(median(all))}, p95 ${millis(highest(all, 0.95))}`;
  const cards = await page.locator("[data-density] > button").count();
  console.log(`${replicas} Pods, ${answers.length} steps, CPU of the main thread: ` +
    `to the answer ${said(answers)}; to the picture ${said(pictures)}, ` +
    `at most ${millis(Math.max(...pictures))}; an empty frame ${millis(median(empty))}; ` +
    `${cards} Pods in the document`);
  await context.close();
}

async function playing(browser, url) {
  const { context, page } = await applied(browser, url, 1_000);
  await page.locator(".play:not([aria-disabled])").first().click();
  const late = await page.evaluate(() => new Promise((done) => {
    const gaps = [];
    let last = performance.now();
    requestAnimationFrame(function frame(now) {
      gaps.push(now - last);
      last = now;
      if (gaps.length < 240) requestAnimationFrame(frame);
      else done([gaps.filter((gap) => gap > 33.4).length / gaps.length, Math.max(...gaps)]);
    });
  }));
  console.log(`playing 1000 Pods: ${(late[0] * 100).toFixed(1)} % of 240 frames above 33 ms, ` +
    `the longest ${millis(late[1])}`);
  await context.close();
}

const site = await serve(process.env.DIST || DIST, { prefix: "/some/folder/", pack: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROME_BIN || "/usr/bin/chromium",
  chromiumSandbox: process.getuid?.() !== 0,
  args: ["--disable-gpu"],
});
await loading(browser, site.url, false);
await loading(browser, site.url, true);
for (const replicas of SIZES) await steps(browser, site.url, replicas);
await playing(browser, site.url);
await browser.close();
await site.close();
