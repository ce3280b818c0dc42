// Links: what they hold, how long they are, that they play the same film, and what happens to those
// that cannot be read.

import assert from "node:assert/strict";
import { DESKTOP, PHONE, open, story } from "./harness.mjs";

const SETTLE = "Settle: until nothing more happens";

async function folded(locator) {
  return (await locator.innerText()).replace(/\s+/g, " ").trim();
}

/** Everything that tells two moments apart, as far as the page shows it. */
async function moment(raw) {
  const parts = [];
  for (const selector of [".clock", ".because p", ".strip", ".ev"]) {
    parts.push(await folded(raw.locator(selector).first()));
  }
  parts.push(await raw.locator("#manifest").inputValue());
  return parts;
}

async function shared(page, held = "This moment") {
  await page.click("button", "Share");
  const dialog = page.role("dialog", "Share");
  await dialog.waitFor();
  await dialog.getByRole("radio", { name: new RegExp(`^${held}`) }).check();
  const field = dialog.getByRole("textbox", { name: "Link", exact: true });
  await page.raw.waitForFunction((id) => document.getElementById(id).value, "share-link");
  await page.raw.waitForTimeout(100);
  return field.inputValue();
}

const fragment = (link) => link.slice(link.indexOf("#"));

for (const size of [DESKTOP, PHONE]) {
  for (const theme of ["light", "dark"]) {
    story(`S-2 S-7 the dialog, ${size.width}, ${theme}`, { size, theme }, async (page) => {
      const link = await shared(page);
      assert.match(link, /#1d\.[\w-]+$/);
      assert.ok(fragment(link).length < 120, `${fragment(link).length} characters`);
      await page.fitsWidth();
      await page.hasNoStyleAttribute();
      await page.shot("open");
      assert.match(await page.role("textbox", "Embed in a page").inputValue(), /^<iframe src="http.*\?embed=1#1d\./);
      assert.match(await page.role("textbox", "Markdown").inputValue(), /^\[.*\]\(http.*\)$/);
      await page.raw.evaluate(() => {
        navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
      });
      await page.click("button", "Copy link");
      await page.sees(/refused to copy/);
      const selected = await page.raw.evaluate(() => {
        const field = document.activeElement;
        return field.value.slice(field.selectionStart, field.selectionEnd);
      });
      assert.equal(selected, link);
      await page.raw.keyboard.press("Escape");
      await page.role("dialog").waitFor({ state: "detached" });
      assert.equal(await page.raw.evaluate(() => document.activeElement.textContent.trim()), "Share");
    });
  }
}

story("G-2 S-4 a link plays the same film", {}, async (page) => {
  await page.click("button", SETTLE);
  await page.click("button", "Power off node-b");
  await page.click("button", "+1 min");
  await page.click("button", "+1 min");
  const text = await page.raw.locator("#manifest").inputValue();
  await page.raw.locator("#manifest").fill(`# 数 = half a thought\n${text}`);
  await page.raw.locator(".pod").first().click();
  const before = await moment(page.raw);
  const link = await shared(page);
  assert.equal(await page.raw.evaluate(() => location.hash), fragment(link));
  const other = await open("the other end", { query: fragment(link) });
  await other.ready();
  assert.deepEqual(await moment(other.raw), before);
  assert.equal(await other.raw.locator(".banner").count(), 0);
  assert.equal(await other.raw.locator(".insp-h").count(), 1, "what was picked is picked");
  await other.isClean();
  await other.raw.context().close();

  await page.raw.keyboard.press("Escape");
  const start = await shared(page, "From the beginning");
  const again = await open("from the beginning", { query: fragment(start) });
  await again.ready();
  assert.equal(await folded(again.raw.locator(".clock")), "00:00");
  for (let n = 0; n < 3; n += 1) await again.raw.getByRole("button", { name: "+1 min" }).click();
  await again.sees(/really: powered off/);
  await again.raw.context().close();
});

story("S-2 manifests in a link", {}, async (page) => {
  const text = await page.raw.locator("#manifest").inputValue();
  await page.raw.locator("#manifest").fill(text.replace("replicas: 2", "replicas: 4"));
  await page.click("button", "Apply");
  const link = await shared(page, "Manifests only");
  assert.ok(fragment(link).length < 700, `${fragment(link).length} characters`);
  const other = await open("manifests", { query: fragment(link) });
  await other.ready();
  assert.match(await other.raw.locator(".sethead").innerText(), /of 4 ready/);
  await other.raw.context().close();
});

story("S-3 a long link warns, a longer one is a file", {}, async (page) => {
  const word = (i) => (((i + 1) * 2654435761) % 4294967296).toString(36);
  const noise = (count) =>
    `# ${Array.from({ length: count }, (_, i) => word(i)).join("").replace(/.{400}/g, "$&\n# ")}`;
  await page.raw.locator("#manifest").fill(noise(400));
  await shared(page);
  await page.sees(/chat programs may cut it/);
  await page.raw.keyboard.press("Escape");
  await page.raw.locator("#manifest").fill(noise(8000));
  await page.click("button", "Share");
  await page.sees(/too long for a link/);
  const download = page.raw.waitForEvent("download");
  await page.click("button", "Download the session");
  const file = await (await download).path();
  await page.raw.keyboard.press("Escape");
  await page.raw.locator("#manifest").fill("");
  await page.raw.locator("input[type=file]").setInputFiles({
    name: "playground.sfs.json", mimeType: "application/json",
    buffer: await (await import("node:fs/promises")).readFile(file),
  });
  await page.raw.waitForFunction(() => document.getElementById("manifest").value.startsWith("# "));
});

const BROKEN = {
  "a link that is cut off": ["#1d.q1YqU7JSMtAzMFDSUSoF", /cannot be read/],
  "a link with odd letters": ["#1d.%%%", /cut off, or letters in it were changed/],
  "a link with another text in it": ["#1j.aGVsbG8", /cannot be read/],
  "a link of a newer version": ["#2d.q1YqU7JS", /made with a newer playground/],
  "a link to an example that is not there": [
    `#1j.${Buffer.from('{"v":"0.1.0","t":["=none"],"j":[{"at":0,"input":{"Apply":{"text":"0"}}}]}').toString("base64url")}`,
    /no example "none"/,
  ],
};

for (const [name, [hash, words]] of Object.entries(BROKEN)) {
  story(`F-5 ${name} explains itself`, { query: hash }, async (page) => {
    await page.sees(words);
    await page.raw.locator(".banner").filter({ hasText: "Nothing is lost" }).waitFor();
    assert.equal(await page.raw.evaluate(() => location.hash), hash);
    assert.equal(await page.raw.locator(".node").count(), 3);
    await page.shot("note");
    await page.click("button", "Dismiss");
    await page.raw.locator(".banner").waitFor({ state: "detached" });
  });
}

story("S-1 a bomb is not unpacked", {}, async (page) => {
  const bomb = await page.raw.evaluate(async () => {
    const stream = new Blob([new Uint8Array(64 * 1024 * 1024)]).stream()
      .pipeThrough(new CompressionStream("deflate-raw"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    return `#1d.${window.playground.letters(bytes)}`;
  });
  const other = await open("a bomb", { query: bomb });
  await other.ready();
  await other.sees(/larger than 4 MiB/);
  await other.raw.context().close();
});

story("S-5 a link of another version says so", {
  query: `#1j.${Buffer.from('{"v":"0.0.9","t":["=web"],"n":[3000,"1.1"],"j":[{"at":0,"input":{"Apply":{"text":"0"}}}]}').toString("base64url")}`,
}, async (page) => {
  await page.sees(/made with version 0\.0\.9/);
  await page.click("button", "Step");
});

story("G-4 what was there before a link can be had back", {}, async (page) => {
  await page.raw.locator("#manifest").fill("# mine");
  await page.raw.waitForTimeout(2000);
  await page.raw.evaluate(() => { location.hash = "#1j.eyJ2IjoiMC4xLjAiLCJ0IjpbIj13ZWIiXSwiaiI6W3siYXQiOjAsImlucHV0Ijp7IkFwcGx5Ijp7InRleHQiOiIwIn19fV19"; });
  await page.raw.waitForFunction(() => document.getElementById("manifest")?.value.includes("nginx"));
  await page.ready();
  await page.raw.locator(".top").getByRole("button", { name: /Undo/ }).click();
  assert.equal(await page.raw.locator("#manifest").inputValue(), "# mine");
});
