// The built folder as files: what any static host will serve, whatever the browser makes of it.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { DIST } from "./server.mjs";

const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
  "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'none'";

const html = readFileSync(`${DIST}index.html`, "utf8");
const tags = html.match(/<[a-z][^>]*>/g);
const urls = [...html.matchAll(/\s(?:src|href|content)="([^"]+\.(?:js|css|wasm|xz|svg|png))"/g)]
  .map((match) => match[1]);

test("the policy is set by the document, before anything is loaded", () => {
  const metas = [...html.matchAll(/<meta http-equiv="Content-Security-Policy" content="([^"]*)"/g)];
  assert.deepEqual(metas.map((match) => match[1]), [POLICY]);
  assert.ok(html.indexOf(metas[0][0]) < html.search(/<(link|script)/), "the policy comes first");
});

test("there is no inline script, style or handler", () => {
  for (const [, attributes, body] of html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
    assert.match(attributes, /\ssrc="/);
    assert.equal(body.trim(), "");
  }
  assert.doesNotMatch(html, /<style/);
  for (const tag of tags) assert.doesNotMatch(tag, /\s(style|on\w+)=/);
});

test("every URL is relative and every file it names is there", () => {
  assert.ok(urls.length >= 5, `few URLs found: ${urls}`);
  const files = readdirSync(DIST, { recursive: true });
  for (const url of urls) {
    assert.match(url, /^\.\//);
    assert.ok(files.includes(url.slice(2)), `${url} is not in dist/`);
  }
  assert.doesNotMatch(html, /\s(?:src|href)="(?:\/|[a-z]+:)/);
});

test("names of programs and style sheets carry a hash", () => {
  // Parts that are fetched later carry the program's hash in their address.
  const later = ["share.js", "tools.js", "editor.js", "unpack.js"];
  for (const name of readdirSync(DIST).filter((name) => !later.includes(name))) {
    if (/\.(js|css|wasm|xz)$/.test(name)) assert.match(name, /-[0-9a-f]{12,}(_bg)?\.(js|css|wasm|wasm\.xz)$/);
  }
});

test("each part of the program lies there packed, too, and the packed one is fetched ahead", () => {
  const parts = readdirSync(DIST).filter((name) => name.endsWith(".wasm"));
  assert.deepEqual(parts.map((name) => name.split("-")[0]).sort(), ["first", "later"]);
  for (const name of parts) {
    const [plain, packed] = ["", ".xz"].map((end) => readFileSync(DIST + name + end));
    assert.deepEqual([...packed.subarray(0, 6)], [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "it is xz");
    assert.ok(packed.length < gzipSync(plain, { level: 9 }).length * 0.85, `${name}: no gain`);
  }
  const ahead = tags.filter((tag) => /rel="preload"/.test(tag)).map((tag) => /href="([^"]*)"/.exec(tag)[1]);
  assert.deepEqual(ahead, parts.filter((name) => /^first/.test(name)).map((name) => `./${name}.xz`));
});

test("the size shown while loading is the size measured", () => {
  assert.match(html, /Loading the simulator \(≈ [1-9]\d* KB\)/);
  assert.doesNotMatch(html, /<!--/);
});
