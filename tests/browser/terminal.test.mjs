// The terminal, typed into as a person does: the article's session, keys, tabs, paste, links.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PHONE, story, stories } from "./harness.mjs";

/** The commands of the article, as they stand in the transcript of tests/shell. */
function article() {
  const file = new URL("../shell/6_article.txt", import.meta.url);
  const typed = readFileSync(file, "utf8").split("\n").map((line) => line.match(/^(?:t=\S+ )?\$ (.*)$/));
  return typed.filter(Boolean).map((match) => match[1]);
}

class Terminal {
  constructor(page) {
    this.page = page;
    this.raw = page.raw;
    this.line = this.raw.locator("#command");
    this.log = this.raw.locator(".term-log");
  }

  /** A phone shows one pane at a time. */
  async show() {
    if (this.raw.viewportSize().width === PHONE.width) {
      await this.raw.locator(".tabbar .p-terminal").click();
    } else if (!(await this.line.isVisible())) {
      await this.raw.getByRole("tab", { name: "Terminal", exact: true }).first().click();
    }
  }

  /** Types a line; waits until nothing runs any more, unless `goesOn`. */
  async type(line, { goesOn = false } = {}) {
    await this.line.fill(line);
    await this.line.press("Enter");
    if (!goesOn) await this.rests();
  }

  async rests() {
    await this.raw.getByRole("button", { name: "Stop" }).waitFor({ state: "detached", timeout: 60_000 });
  }

  async fast() {
    await this.raw.locator("select[aria-label=Speed]").selectOption("60").catch(() => {});
  }

  text() {
    return this.log.innerText();
  }

  /** The last command and what came of it. */
  async last() {
    return (await this.log.locator("li").last().innerText()).replaceAll("\u00a0", " ");
  }

  async sees(text) {
    await this.log.getByText(text).first().waitFor();
  }
}

stories("a command and its words", async (page) => {
  const terminal = new Terminal(page);
  await terminal.show();
  await page.shot("empty");
  await terminal.type("settle");
  await terminal.type("kubectl get pods");
  assert.match(await terminal.last(), /NAME +READY[^]*web-0 +1\/1 +Running[^]*web-1/);
  await terminal.type("gerp x");
  assert.match(await terminal.last(), /bash: gerp: command not found\s+Did you mean `grep`\?/);
  await terminal.type("why");
  await terminal.type("kubectl get pods | grep web-1");
  await page.shot("used");
  await page.fitsWidth();
  await page.hasNoStyleAttribute();
});

story("names in what was written pick the object", {}, async (page) => {
  const terminal = new Terminal(page);
  await terminal.show();
  await terminal.type("settle");
  await terminal.type("kubectl get pods");
  const names = terminal.log.locator("li").last().locator("[role=button]");
  assert.equal(await names.count(), 2);
  await names.nth(1).click();
  await page.raw.locator(".insp-h", { hasText: "web-1" }).waitFor();
  // One stop of the Tab key for the block; arrows lead on.
  assert.equal(await names.nth(0).getAttribute("tabindex"), "0");
  assert.equal(await names.nth(1).getAttribute("tabindex"), "-1");
  await names.nth(0).focus();
  await page.raw.keyboard.press("ArrowRight");
  assert.equal(await names.nth(1).getAttribute("tabindex"), "0");
  await terminal.type("kubectl get pods | grep web-0");
  assert.equal(await terminal.log.locator("li").last().locator("[role=button]").count(), 1);
});

story("keys of the line", {}, async (page) => {
  const terminal = new Terminal(page);
  await terminal.show();
  const { line } = terminal;
  const press = async (...keys) => { for (const key of keys) await line.press(key); };
  const is = async (text) => assert.equal(await line.inputValue(), text);
  await terminal.type("echo one");
  await terminal.type("echo two");
  await line.fill("half");
  await press("ArrowUp");
  await is("echo two");
  await press("ArrowUp");
  await is("echo one");
  await press("ArrowDown", "ArrowDown");
  await is("half");
  await line.fill("one two three");
  await press("Control+a");
  await page.raw.keyboard.type("zero ");
  await is("zero one two three");
  await press("Control+e", "Control+w");
  await is("zero one two ");
  await press("Control+a", "ArrowRight", "ArrowRight", "Control+k");
  await is("ze");
  await press("Control+u");
  await is("");
  await press("Control+l");
  assert.doesNotMatch(await terminal.text(), /one/);
  // Completion: a word, several words, none.
  await line.fill("kube");
  await press("Tab");
  await is("kubectl ");
  await page.raw.keyboard.type("delete -f we");
  await press("Tab");
  await is("kubectl delete -f web.yaml ");
  await line.fill("poweroff node-");
  await press("Tab");
  await page.raw.locator(".choices", { hasText: "node-a" }).waitFor();
  await is("poweroff node-");
  await press("Control+c");
  await is("");
  await page.raw.locator(".choices").waitFor({ state: "detached" });
  // An empty line lets the focus go on.
  await press("Tab");
  assert.equal(await line.evaluate((element) => element === document.activeElement), false);
  // What was typed is remembered over a reload.
  await page.raw.reload();
  await page.ready();
  await terminal.show();
  await press("ArrowUp");
  await is("echo two");
});

story("several pasted lines are shown before they run", {}, async (page) => {
  const terminal = new Terminal(page);
  await terminal.show();
  await terminal.line.focus();
  const paste = (text) => terminal.line.evaluate((element, text) => {
    const data = new DataTransfer();
    data.setData("text", text);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
  await paste("$ echo first\nfirst\n$ echo second\n");
  await page.shot("preview");
  await page.raw.keyboard.press("Escape");
  await page.raw.locator(".preview").waitFor({ state: "detached" });
  assert.doesNotMatch(await terminal.text(), /first/);
  await paste("$ echo first\nfirst\n$ echo second\n");
  await page.raw.keyboard.press("Enter");
  await terminal.sees("second");
  assert.equal(await terminal.log.locator("li").count(), 2);
  await paste("echo one line\n");
  assert.equal(await terminal.line.inputValue(), "echo one line");
});

stories("one watches while another acts", async (page) => {
  const terminal = new Terminal(page);
  await terminal.show();
  await terminal.type("settle");
  await terminal.type("kubectl get pods -w", { goesOn: true });
  await page.role("button", "Stop").waitFor();
  await page.raw.getByRole("button", { name: "Open another terminal" }).click();
  await terminal.type("kubectl scale statefulset web --replicas=3");
  await terminal.type("kubectl rollout status sts/web");
  await page.raw.getByRole("tab", { name: /^Terminal 1/ }).click();
  await terminal.sees(/web-2/);
  await page.shot("watching");
  await terminal.line.press("Control+c");
  await terminal.rests();
  assert.match(await terminal.last(), /\^C/);
});

story("a command watches in the background", {}, async (page) => {
  const terminal = new Terminal(page);
  await terminal.show();
  await terminal.fast();
  await terminal.type("settle");
  await terminal.type("kubectl get pods -w &");
  await terminal.type("kubectl delete pod web-1");
  await terminal.sees(/web-1 +1\/1 +Terminating/);
  await terminal.type("jobs");
  assert.match(await terminal.last(), /\[1\]\+ +Running +kubectl get pods -w &/);
  await terminal.type("kill %1");
  assert.match(await terminal.last(), /Terminated/);
  await terminal.type("jobs");
  assert.doesNotMatch(await terminal.last(), /Running/);
});

story("the article's session, word for word", { timeoutMs: 300_000 }, async (page) => {
  const terminal = new Terminal(page);
  await terminal.show();
  await terminal.fast();
  let inside = false;
  for (const line of article()) {
    inside = line.includes("dns-test") || (inside && line !== "exit");
    await terminal.type(line, { goesOn: inside });
    // The container's prompt comes back when it has answered.
    if (inside) await page.raw.locator("li").filter({ hasText: /\/ # *$/ }).last().waitFor({ timeout: 60_000 });
  }
  const text = await terminal.text();
  assert.match(text, /Name: +web-0\.nginx\s+Address 1: 10\.244\.\d+\.\d+ web-0\.nginx\.default\.svc\.cluster\.local/);
  assert.match(text, /service\/nginx created\s+statefulset\.apps\/web created/);
  assert.match(text, /statefulset\.apps\/web scaled/);
  assert.match(text, /statefulset\.apps\/web patched/);
  assert.match(text, /persistentvolumeclaim "www-web-0" deleted/);
  await page.shot("article");
});
