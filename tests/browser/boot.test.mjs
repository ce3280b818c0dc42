// What the page says before the simulator runs, and when it cannot run: the exact cause in words.

import { test } from "node:test";
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { open } from "./harness.mjs";
import { DIST, serve } from "./server.mjs";

/** Opens the page from a server with changed answers; `check` gets the page. */
function broken(name, answer, check, options = {}) {
  test(name, { timeout: 60_000 }, async () => {
    const site = await serve(DIST, { prefix: "/x/y/", answer });
    const page = await open(name, { ...options, url: site.url });
    try {
      await check(page);
    } finally {
      await page.raw.context().close();
      await site.close();
    }
  });
}

async function says(page, pattern) {
  const status = page.raw.locator("#boot-status");
  await status.filter({ hasText: pattern }).waitFor();
  assert.equal(await page.raw.locator("#boot-status button").innerText(), "Retry");
  await page.shot("message");
}

const wasm = (change) => (name) => (/\.wasm(\.xz)?$/.test(name) ? change : {});
const packed = (change) => (name) => (name.endsWith(".xz") ? change : {});
const unpacker = (change) => (name) => (name === "unpack.js" ? change : {});
const module = (change) => (name) => (/^playground.*\.js$/.test(name) ? change : {});

broken("a missing program is named", wasm({ status: 404 }), (page) =>
  says(page, /no file first-\w+\.wasm \(404\)/));

broken("a missing module is named", module({ status: 404 }), (page) =>
  says(page, /no file playground-\w+\.js \(404\)/));

broken("another status is told", wasm({ status: 503 }), (page) =>
  says(page, /answered 503 for first-\w+\.wasm/));

broken("a module of the wrong type is named", module({ type: "text/plain" }), (page) =>
  says(page, /sends playground-\w+\.js as text\/plain/));

broken("a program of the wrong type runs all the same", wasm({ type: "text/plain" }), (page) =>
  page.ready());

// Which parts of the program the page fetched, and how.
async function fetched(page, names) {
  await page.ready();
  await page.whole();
  const seen = page.requests.map((url) => /(first|later)-\w+(\.wasm[.\w]*)$/.exec(url))
    .filter(Boolean).map((match) => match[1] + match[2]);
  assert.deepEqual([...new Set(seen)], names);
  assert.equal(await page.raw.locator("html[data-waited]").count(), 0, "nothing was waited for");
}
const PACKED = ["first.wasm.xz", "later.wasm.xz"];
const BOTH = ["first.wasm.xz", "first.wasm", "later.wasm.xz", "later.wasm"];
const listen = { prepare: (page) => {
  page.requests = [];
  page.raw.on("request", (request) => { page.requests.push(request.url()); });
} };

broken("the program comes packed and is unpacked beside the page", () => ({}), async (page) => {
  await fetched(page, PACKED);
  assert.equal(await page.raw.evaluate(() => typeof window.unpack), "undefined");
}, listen);

broken("where no worker may be made the page unpacks it", () => ({}), async (page) => {
  await fetched(page, PACKED);
  assert.equal(await page.raw.evaluate(() => typeof window.unpack), "function");
}, { prepare: (page) => {
  listen.prepare(page);
  return page.raw.addInitScript(() => { delete window.Worker; });
} });

broken("where it does not lie there packed it comes as it is", packed({ status: 404 }), (page) =>
  fetched(page, BOTH), listen);

broken("where it was damaged on its way it comes as it is", packed({ cut: 100_000 }), (page) =>
  fetched(page, BOTH), listen);

broken("without what unpacks it, it comes as it is", unpacker({ status: 404 }), (page) =>
  fetched(page, BOTH), listen);

broken("a server that hangs up is told", wasm({ drop: true }), (page) =>
  says(page, /did not answer for first-\w+\.wasm/));

broken(
  "a policy without wasm-unsafe-eval is named",
  (name) => (name === "index.html"
    ? { headers: { "content-security-policy": "script-src 'self'" } }
    : {}),
  (page) => says(page, /blocks WebAssembly.*'wasm-unsafe-eval'/),
);

broken("after 8 s it says that it still loads", wasm({ delayMs: 60_000 }), async (page) => {
  await page.raw.clock.runFor(7_000);
  assert.match(await page.text("status"), /^Loading the simulator/);
  await page.raw.clock.runFor(2_000);
  await says(page, /Still loading/);
}, { prepare: (page) => page.raw.clock.install(), waitUntil: "domcontentloaded" });

broken("without JavaScript the page says so", () => ({}), async (page) => {
  await page.sees(/JavaScript is off/);
  await page.shot("message");
}, { javaScript: false });

broken("the document alone tells what is coming", wasm({ delayMs: 60_000 }), async (page) => {
  await page.role("heading", "StatefulSet Playground").waitFor();
  assert.match(await page.text("status"), /^Loading the simulator \(≈ \d+ KB\)$/);
  await page.fitsWidth();
  await page.shot("skeleton");
}, { waitUntil: "domcontentloaded" });

test("a page opened from a file says how to serve it", { timeout: 60_000 }, async () => {
  const page = await open("from a file", { url: pathToFileURL(`${DIST}index.html`).href });
  try {
    await says(page, /opened from a file.*http\.server/);
  } finally {
    await page.raw.context().close();
  }
});
