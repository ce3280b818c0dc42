// The editor: fetched when somebody begins to write, the text area until then and without it.

import assert from "node:assert/strict";
import { DESKTOP, PHONE, story } from "./harness.mjs";

const editor = (page) => page.raw.locator(".cm .cm-content");
const value = (page) => page.raw.locator("#manifest").inputValue();

/** Begins to write. */
async function load(page) {
  await page.raw.locator("#manifest").click();
  await editor(page).waitFor();
}

story("the editor is not fetched before somebody writes", {}, async (page) => {
  const fetched = [];
  page.raw.on("request", (request) => fetched.push(request.url()));
  await page.click("button", "Step");
  assert.ok(fetched.every((url) => !/editor\.js/.test(url)));
  await load(page);
  assert.ok(fetched.some((url) => /editor\.js/.test(url)));
  assert.equal(await page.raw.evaluate(() => document.activeElement.className), "cm");
});

for (const theme of ["light", "dark"]) {
  story(`Y-1 the editor writes, finds, folds, applies, ${theme}`, { theme, size: DESKTOP }, async (page) => {
    await load(page);
    const before = await value(page);
    await page.raw.keyboard.press("Control+Home");
    await page.raw.keyboard.type("# mine\n");
    assert.equal(await value(page), `# mine\n${before}`);
    await page.raw.keyboard.press("Control+z");
    await page.raw.keyboard.press("Control+z");
    assert.equal(await value(page), before);
    await page.raw.keyboard.press("Control+f");
    await page.raw.keyboard.type("replicas");
    await page.raw.locator(".cm .cm-searchMatch").first().waitFor();
    await page.shot("search");
    await page.raw.keyboard.press("Escape");
    await page.raw.locator(".cm .cm-foldGutter span[title='Fold line']").first().click();
    await page.raw.locator(".cm .cm-foldPlaceholder").waitFor();
    await page.shot("folded");
    assert.equal(await value(page), before);
    await page.raw.keyboard.press("Control+End");
    await page.raw.keyboard.type("# more");
    await page.raw.keyboard.press("Control+Enter");
    await page.sees("Applied as it stands");
    assert.equal((await page.raw.locator(".clock").innerText()).trim(), "00:00", "no shortcut acted");
  });
}

story("Y-2 findings stand in the gutter, and a press leads to them", {}, async (page) => {
  await load(page);
  await page.raw.keyboard.press("Control+a");
  await page.raw.keyboard.insertText("apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web\nspec:\n  replica: 3\n");
  await page.raw.locator(".cm .cm-lint-marker-error").first().waitFor();
  await page.raw.locator(".found .pick").first().click();
  assert.equal(await page.raw.locator(".cm .cm-activeLine").innerText(), "  replica: 3");
  await page.shot("found");
});

story("Y-7 fields are offered and explained", {}, async (page) => {
  await load(page);
  await page.raw.keyboard.press("Control+a");
  await page.raw.keyboard.insertText("apiVersion: apps/v1\nkind: StatefulSet\nspec:\n  repl");
  await page.raw.keyboard.press("Control+Space");
  const offer = page.raw.locator(".cm .cm-tooltip-autocomplete li");
  await offer.filter({ hasText: "replicas" }).first().waitFor();
  await page.shot("offer");
  await page.raw.keyboard.press("Enter");
  await page.raw.keyboard.type("3\n");
  assert.match(await value(page), /replicas: 3/);
  await page.raw.locator(".cm .cm-line").filter({ hasText: "replicas" }).locator("span").first().hover();
  await page.raw.locator(".cm .cm-hint").filter({ hasText: "StatefulSet.spec.replicas" }).waitFor();
  await page.shot("hint");
});

story("Y-1 Esc, then Tab leaves", {}, async (page) => {
  await load(page);
  await page.raw.keyboard.press("Escape");
  await page.raw.keyboard.press("Tab");
  assert.notEqual(await page.raw.evaluate(() => document.activeElement.className), "cm");
});

story("another file, undo and a reload are shown in the editor", {}, async (page) => {
  await load(page);
  await page.raw.getByRole("tab", { name: "zookeeper.yaml" }).click();
  await editor(page).filter({ hasText: "zk-headless" }).waitFor();
  await page.raw.getByRole("tab", { name: "web.yaml" }).click();
  await editor(page).filter({ hasText: "nginx" }).waitFor();
  await editor(page).click();
  await page.raw.keyboard.press("Control+Home");
  await page.raw.keyboard.type("# kept ");
  await page.raw.reload();
  await page.ready();
  assert.match(await value(page), /^# kept /);
});

story("without the editor the text area stays", {
  size: PHONE, prepare: (page) => page.raw.route("**/editor.js*", (route) => route.abort()),
}, async (page) => {
  await page.raw.locator(".tabbar .p-yaml").click();
  await page.raw.locator("#manifest").click();
  await page.raw.keyboard.press("Control+Home");
  await page.raw.keyboard.type("# plain");
  await page.raw.waitForTimeout(500);
  assert.match(await value(page), /^# plain/);
  page.faults = page.faults.filter((fault) => !/editor\.js|ERR_FAILED/.test(fault));
});

story("Y-7 a field is explained in a sentence, in both languages", {}, async (page) => {
  await load(page);
  const tip = page.raw.locator(".cm .cm-hint");
  const key = page.raw.locator(".cm .cm-line", { hasText: "serviceName:" }).locator("span").first();
  await key.hover();
  await tip.filter({ hasText: "gives the Pods their DNS names" }).waitFor();
  await page.raw.mouse.move(5, 5);
  await tip.waitFor({ state: "detached" });
  await page.click("button", "中文");
  await key.hover();
  await tip.filter({ hasText: "无头服务" }).waitFor();
  await page.shot("hint");
});

for (const [where, query, selector] of [
  ["text area", "?editor=plain", "#manifest"], ["editor", "", ".cm .cm-content"], ["terminal", "", ".termpane .ask input"],
]) {
  story(`N-5 an input method commits without a deed, ${where}`, { query }, async (page) => {
    if (where === "editor") await load(page);
    else await page.raw.locator(selector).click();
    const keyboard = await page.raw.context().newCDPSession(page.raw);
    await page.raw.keyboard.press("Control+Home");
    await keyboard.send("Input.imeSetComposition", { text: "ni", selectionStart: 2, selectionEnd: 2 });
    const state = await page.raw.locator(".pane-foot .cap").innerText();
    for (const ctrlKey of [false, true]) {
      await page.raw.locator(selector).evaluate((one, control) => {
        one.dispatchEvent(new KeyboardEvent("keydown", {
          key: "Enter", code: "Enter", keyCode: 229, isComposing: true, ctrlKey: control,
          bubbles: true, composed: true, cancelable: true,
        }));
      }, ctrlKey);
    }
    await page.raw.waitForTimeout(400);
    assert.equal(await page.raw.locator(".term-log li").count(), 0, "no command has run");
    assert.equal(await page.raw.locator(".pane-foot .cap").innerText(), state, "nothing was applied");
    await keyboard.send("Input.insertText", { text: "你" });
    const text = await page.raw.locator(selector).evaluate((one) => one.value ?? one.textContent);
    assert.ok(text.startsWith("你"), text.slice(0, 20));
    if (where !== "terminal") assert.ok((await value(page)).startsWith("你"));
  });
}

/** The line the cursor is in, whichever of the two is there. */
const line = (page) => page.raw.evaluate(() => {
  const area = document.getElementById("manifest");
  return window.playground.rich?.line() ?? area.value.slice(0, area.selectionStart).split("\n").length;
});

const PROBLEMS = `apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  nam: b
---
apiVersion: apps/v1beta1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: nginx
        stdin: true
`;

for (const [where, query] of [["text area", "?editor=plain"], ["editor", ""]]) {
  story(`Y-2 F8 leads from finding to finding, ${where}`, { query }, async (page) => {
    const { keyboard } = page.raw;
    await page.raw.locator(".tip").waitFor({ state: "attached" });
    if (where === "editor") await load(page);
    else await page.raw.locator("#manifest").click();
    await keyboard.press("Control+a");
    await keyboard.insertText(PROBLEMS);
    await page.raw.locator("#found .pick", { hasText: "line 21" }).waitFor();
    await keyboard.press("Control+Home");
    const lines = [];
    for (const key of ["F8", "F8", "F8", "F8", "F8", "Shift+F8", "Shift+F8", "Shift+F8"]) {
      const before = await line(page);
      await keyboard.press(key);
      await page.raw.waitForFunction((before) => {
        const area = document.getElementById("manifest");
        const now = window.playground.rich?.line() ??
          area.value.slice(0, area.selectionStart).split("\n").length;
        return now !== before;
      }, before);
      lines.push(await line(page));
    }
    assert.deepEqual(lines, [5, 7, 11, 21, 5, 21, 11, 7]);
    await page.shot("third");
    await keyboard.type("# ");
    assert.match(await value(page), /^# apiVersion: apps.v1beta1$/m, "one writes where one was led");
    await page.raw.locator(".transport .step").focus();
    await keyboard.press("F8");
    await page.raw.waitForFunction(() => /^(TEXTAREA|DIV)$/.test(document.activeElement.tagName));
  });

  story(`Y-4 a press rewrites a document, and can be taken back, ${where}`, { query }, async (page) => {
    const { keyboard } = page.raw;
    await page.raw.locator(".tip").waitFor({ state: "attached" });
    if (where === "editor") await load(page);
    else await page.raw.locator("#manifest").click();
    const before = await value(page);
    await page.raw.locator(".found summary").click();
    const press = page.role("button", "Rewrite this document");
    await press.click();
    await press.waitFor({ state: "detached" });
    const made = await value(page);
    assert.match(made, /^apiVersion: apps.v1$/m);
    assert.match(made, /^  selector:\n    matchLabels:\n      app: nginx$/m);
    await page.shot("rewritten");
    await keyboard.press("Control+z");
    await press.waitFor();
    assert.equal(await value(page), before);
    await keyboard.press("Control+Shift+z");
    await press.waitFor({ state: "detached" });
    assert.equal(await value(page), made);
    await keyboard.press("Control+Enter");
    await page.sees("Applied as it stands");
  });
}
