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

// From the press to the frame after the one that shows it.
const press = (page, selector) => page.evaluate((selector) => new Promise((done) => {
  const begun = performance.now();
  document.querySelector(selector).click();
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
}), selector);

async function applied(browser, url, replicas) {
  const room = `${url}?editor=plain&example=blank&nodes=${Math.max(10, replicas / 100)}`;
  const { context, page } = await opened(browser, room, false);
  await page.locator("#manifest").fill(manifest(replicas));
  await page.locator("#manifest").press("Control+Enter");
  return { context, page };
}

async function steps(browser, url, replicas) {
  const { context, page } = await applied(browser, url, replicas);
  const times = [];
  for (let i = 0; i < 60 && await page.locator(".step:not([aria-disabled])").count(); i += 1) {
    times.push(await press(page, ".step"));
  }
  const rows = await page.locator(".pod").count();
  console.log(`${replicas} Pods: a step to its picture p50 ${millis(median(times))}, ` +
    `p95 ${millis(highest(times, 0.95))}; ${rows} cards of Pods in the document`);
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

const site = await serve(DIST, { prefix: "/some/folder/", pack: true });
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
