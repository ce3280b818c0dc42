// Figures of the built page (performance.md: P16 to P21): what it weighs and how soon it stands,
// also beside the smallest page of its kind (tests/figures/table.rs), what a step costs with many
// Pods, how evenly it plays. `./dev figures` calls it; it prints, and asserts nothing. Run it on an
// idle machine, and compare with another run beside it, not with old numbers.
//
// Not here: the simulator by itself (tests/bench).

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
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
  await tools.send("Performance.enable", { timeDomain: "threadTicks" });
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
  await page.goto(url, { waitUntil: "commit" });
  await page.locator("html[data-boot=ready]").waitFor({ state: "attached" });
  const ready = await cpu(tools);
  await page.locator("html[data-whole]").waitFor({ state: "attached" });
  return { context, page, tools, ready };
}

async function cpu(tools) {
  const { metrics } = await tools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration").value * 1000;
}

async function loading(browser, url, what, slow) {
  const runs = [];
  for (let i = 0; i < 5; i += 1) {
    const { context, page, tools, ready } = await opened(browser, url, slow);
    const times = await page.evaluate(() => [window.largest, window.usableAt, window.wholeAt]);
    runs.push([...times, ready, await cpu(tools)]);
    await context.close();
  }
  const [first, usable, whole, until, task] =
    [0, 1, 2, 3, 4].map((i) => median(runs.map((run) => run[i])));
  console.log(`${what}: first large paint ${millis(first)}, usable ${millis(usable)}, whole ` +
    `${millis(whole)}; main thread until usable ${millis(until)}, until whole ${millis(task)}`);
  return until;
}

// The table's page in a folder of its own, if `./dev figures` has compiled it.
function table() {
  const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const built = at("target/wasm32-unknown-unknown/release/examples/table.wasm");
  if (!existsSync(built)) return undefined;
  const out = at("target/table/");
  mkdirSync(out, { recursive: true });
  const names = ["--out-dir", out, "--out-name", "table"];
  execFileSync("wasm-bindgen", ["--target", "web", "--no-typescript", ...names, built]);
  // As `dev` does with the page: what browsers know, and no more.
  const known = ["mutable-globals", "nontrapping-float-to-int", "bulk-memory", "bulk-memory-opt",
    "sign-ext", "reference-types", "multivalue", "call-indirect-overlong"];
  const pass = ["--mvp-features", ...known.map((name) => `--enable-${name}`),
    "--strip-target-features", "--low-memory-unused", "--flatten", "--rereloop", "-Oz"];
  const [wasm, tool] = [`${out}table_bg.wasm`, at("tests/browser/node_modules/binaryen/bin/wasm-opt")];
  execFileSync(process.execPath, [tool, ...pass, "--reorder-functions-by-name", wasm, "-o", wasm]);
  writeFileSync(`${out}index.html`, "<!doctype html><title>Table</title><body></body>" +
    "<script type=module src=start.js></script>");
  writeFileSync(`${out}start.js`, 'import init from "./table.js"; await init();' +
    'Object.assign(document.documentElement.dataset, { boot: "ready", whole: "" });');
  return out;
}

const weight = (folder, files) =>
  files.reduce((sum, file) => sum + gzipSync(readFileSync(folder + file), { level: 9 }).length, 0);

// What the page weighs and costs until it is usable, ÷ the table's.
async function beside(browser, ours, dist) {
  const folder = table();
  if (!folder) return console.log("the table to compare with is not compiled: no P16, no P17");
  const named = (pattern) => readdirSync(dist).filter((name) => pattern.test(name));
  const mine = weight(dist, named(/^(first|parts|boot|playground)-.*\.(js|wasm)$/));
  const sent = weight(dist, named(/^((first|parts|boot|playground)-.*\.(js|xz)|unpack\.js)$/));
  const its = weight(folder, ["table.js", "table_bg.wasm"]);
  const site = await serve(folder, { prefix: "/table/", pack: true });
  const until = await loading(browser, site.url, "a table of Yew");
  await site.close();
  console.log(`÷ a table of Yew, both as gzip: ${mine} bytes ÷ ${its} = ${(mine / its).toFixed(1)} ` +
    `(sent, the program as xz: ${sent}); ` +
    `main thread until usable ${(ours / until).toFixed(1)}`);
}

// In the page: a press of Step, or none, and marks when the frame that answers it has been drawn,
// which shows figure, seats, reason and clock, and when its picture has: the chart, the record and
// the inspector come with the second frame, long steps take more.
function measured(presses) {
  return new Promise((done) => {
    let frames = 0;
    const drawn = (name, next) => requestAnimationFrame(() => setTimeout(() => {
      performance.mark(name);
      next();
    }));
    const look = () => {
      frames += 1;
      if (frames < 3 || document.querySelector(".app.busy")) requestAnimationFrame(look);
      else drawn("picture", done);
    };
    performance.mark("press");
    if (presses) document.querySelector(".step").click();
    drawn("answer", look);
  });
}

// The CPU that the main thread spent between a press and each of the marks behind it, in the order
// of the presses: [[answer, picture]], in milliseconds.
async function traced(tools, work) {
  const found = [];
  const collect = ({ value }) => found.push(...value);
  tools.on("Tracing.dataCollected", collect);
  const traceConfig = { includedCategories: ["blink.user_timing"] };
  await tools.send("Tracing.start", { transferMode: "ReportEvents", traceConfig });
  await work();
  const ended = new Promise((done) => { tools.once("Tracing.tracingComplete", done); });
  await tools.send("Tracing.end");
  await ended;
  tools.off("Tracing.dataCollected", collect);
  const names = ["press", "answer", "picture"];
  const marks = found.filter(({ cat, name }) => cat.includes("user_timing") && names.includes(name));
  const times = (name) => marks.filter((mark) => mark.name === name)
    .sort((a, b) => a.ts - b.ts).map(({ tts }) => tts / 1000);
  const [begun, answers, pictures] = names.map(times);
  return begun.map((at, i) => [answers[i] - at, pictures[i] - at]);
}

async function applied(browser, url, replicas) {
  const room = `${url}?editor=plain&example=blank&nodes=${Math.max(10, replicas / 100)}`;
  const { context, page, tools } = await opened(browser, room, false);
  await page.locator("#manifest").fill(manifest(replicas));
  await page.locator("#manifest").press("Control+Enter");
  return { context, page, tools };
}

// What the main thread does for a step, from the press to the frame that answers it, and to the one
// with its picture, less what frames without a press cost: while all Pods come at once, and when
// they stand, and one after the other is deleted, moved to a new revision or loses its node.
async function steps(browser, url, replicas) {
  const { context, page, tools } = await applied(browser, url, replicas);
  const go = async (most) => {
    for (let i = 0; i < most && await page.locator(".step:not([aria-disabled])").count(); i += 1) {
      await page.evaluate(measured, true);
    }
  };
  const types = async (line) => {
    await page.locator("#command").fill(line);
    await page.locator("#command").press("Enter");
    await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
  };
  const empty = await traced(tools, async () => {
    for (let i = 0; i < 9; i += 1) await page.evaluate(measured, false);
  });
  const least = [0, 1].map((which) => median(empty.map((one) => one[which])));
  const coming = await traced(tools, () => go(100));
  const standing = await traced(tools, async () => {
    for (let n = 0; n < 8; n += 1) {
      await types(`kubectl delete pod many-${n} --wait=false`);
      await go(5);
    }
    await types("kubectl set image statefulset many main=nginx:2");
    await go(40);
    await types("poweroff node-b");
    await go(10);
  });
  const said = (all) => [0.5, 0.95].map((share) =>
    `p${share * 100} ${millis(highest(all, share))}`).join(", ");
  for (const [what, all] of [["come", coming], ["stand", standing]]) {
    const [answers, pictures] = least.map((less, which) =>
      all.map((one) => Math.max(0, one[which] - less)));
    console.log(`${replicas} Pods ${what}, ${all.length} steps, CPU of the main thread: ` +
      `to the answer ${said(answers)}; to the picture ${said(pictures)}, ` +
      `at most ${millis(Math.max(...pictures))}`);
  }
  const cards = await page.locator("[data-density] > button:not(.btn)").count();
  console.log(`less ${millis(least[0])} for an empty frame; ${cards} Pods in the document`);
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

const dist = process.env.DIST || DIST;
const site = await serve(dist, { prefix: "/some/folder/", pack: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROME_BIN || "/usr/bin/chromium",
  chromiumSandbox: process.getuid?.() !== 0,
  args: ["--disable-gpu"],
});
const ours = await loading(browser, site.url, "at full speed");
await beside(browser, ours, dist);
await loading(browser, site.url, "slow 4G, CPU/4", true);
for (const replicas of SIZES) await steps(browser, site.url, replicas);
await playing(browser, site.url);
await browser.close();
await site.close();
