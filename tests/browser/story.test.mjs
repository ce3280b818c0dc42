// The whole story by clicking in the built page: paste nothing, step, power off a node, read why,
// take each way out, see the same name and volume come back. At both sizes, light and dark; a
// picture of each station is kept in tests/browser/shots.

import assert from "node:assert/strict";
import { PHONE, story, stories } from "./harness.mjs";

const SETTLE = "Settle: until nothing more happens";

/** What the tests do on the page, the same on a desktop and on a phone. */
class Visit {
  constructor(page) {
    this.page = page;
    this.phone = page.raw.viewportSize().width === PHONE.width;
  }

  /** A phone shows one pane at a time. */
  async pane(name) {
    if (this.phone) await this.page.raw.locator(`.tabbar .p-${name}`).click();
  }

  because() {
    return this.folded(this.page.raw.locator(".because p"));
  }

  async folded(locator) {
    return (await locator.innerText()).replace(/\s+/g, " ").trim();
  }

  async reads(pattern) {
    await this.page.raw.locator(".because p").filter({ hasText: pattern }).waitFor();
  }

  async settle() {
    await this.page.click("button", SETTLE);
    await this.page.raw.locator(".settled").waitFor({ state: "attached" });
  }

  /** Texts of what seat `n` keeps: name, DNS name, claim, volume; without the data. */
  async kept(n) {
    const seat = this.page.raw.locator(".seat").nth(n);
    return (await seat.locator(".id, .claim .cl").allInnerTexts()).join(" ");
  }

  async writes(n) {
    const text = await this.page.raw.locator(".seat").nth(n).locator(".stamp").textContent();
    return parseInt(text, 10);
  }

  /** The Pod in seat `n` as the figure shows it. */
  async pod(n) {
    const pods = this.page.raw.locator(`.pod:not(.ended):has(.plate:text-is("${n}"))`);
    assert.equal(await pods.count(), 1, `one plate ${n}`);
    return this.folded(pods);
  }

  async shot(name) {
    await this.page.raw.mouse.move(0, 0);
    await this.page.raw.waitForTimeout(300);
    await this.page.fitsWidth();
    await this.page.hasNoStyleAttribute();
    await this.page.shot(name);
  }
}

async function untilReady(visit) {
  const { page } = visit;
  await visit.shot("1-first-visit");
  assert.equal(await page.raw.locator(".btn-primary:visible").count(), 1);
  assert.match(await visit.folded(page.raw.locator(".clock")), /^00:00$/);
  await page.click("button", "Step");
  assert.match(await page.raw.locator(".sr[role=status]").textContent(), /web-0: Pending/);
  await visit.reads(/web-1 is not created yet: web-0 is not Ready \(OrderedReady\)/);
  for (let step = 0; step < 60; step += 1) {
    if (await page.raw.locator(".step[aria-disabled]").count()) break;
    await page.raw.locator(".step").click();
    if (step === 2) await visit.shot("2-creating");
  }
  await visit.reads(/^web has what it wants: 2 of 2 Pods are Ready\.$/);
  await page.click("button", "+1 min");
  await visit.shot("3-settled");
}

async function goesSilent(visit) {
  const { page } = visit;
  const node = (await page.raw.locator(".node:has(.plate:text-is('1')) .node-h b").innerText());
  await page.click("button", `Power off ${node}`);
  await visit.reads(new RegExp(`${node} is powered off. The API server has not noticed yet.`));
  await page.sees(/really: powered off/);
  await page.click("button", "+10 s");
  await visit.reads(/has stopped answering; the API server still believes that it is Ready/);
  await visit.shot("4-silent");
  await page.click("button", "+1 min");
  assert.match(await visit.pod(1), /Unknown/);
  await visit.settle();
  await visit.reads(/web-1 cannot be replaced: .* nobody can confirm that the old web-1 stopped/);
  assert.match(await visit.pod(1), /Terminating/);
  assert.match(await page.raw.locator(".btn-primary:visible").innerText(), /Four ways out/);
  await visit.shot("5-stuck");
  return node;
}

/** Takes one way out, sees `web-1` come back with what it keeps, and takes it back. */
async function wayOut(visit, label, kept, writes) {
  const { page } = visit;
  await page.raw.locator(".btn-out:visible").click();
  const way = page.raw.locator(".right").getByRole("button", { name: label, exact: true });
  await way.scrollIntoViewIfNeeded();
  const name = label.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  if (label.startsWith("Power on")) await visit.shot("6-ways-out");
  await way.click();
  await visit.settle();
  await visit.reads(/^web has what it wants: 2 of 2 Pods are Ready\.$/);
  await page.raw.locator(".right").getByText("Pod #2 in seat 1").waitFor();
  await visit.pane("cluster");
  assert.match(await visit.pod(1), /#2.*Ready/);
  assert.equal(await visit.kept(1), kept);
  assert.ok(await visit.writes(1) >= writes);
  await visit.shot(`7-${name}`);
  await page.raw.locator(".top").getByRole("button", { name: /Undo/ }).click();
  await visit.reads(/web-1 cannot be replaced/);
}

async function scales(visit) {
  const { page } = visit;
  await visit.pane("cluster");
  for (const [replicas, words] of [[3, "3 of 3"], [2, "2 of 2"]]) {
    await page.raw.locator(".sethead .pick").click();
    await visit.pane("inspector");
    await page.raw.locator(".right").getByRole("button", { name: `Scale to ${replicas}` }).click();
    await visit.settle();
    await visit.reads(new RegExp(`web has what it wants: ${words} Pods`));
    await visit.pane("cluster");
  }
  assert.equal(await page.raw.locator(".drum").count(), 3, "the third volume is kept");
}

stories("the whole story", async (page) => {
  const visit = new Visit(page);
  await untilReady(visit);
  const [kept, writes] = [await visit.kept(1), await visit.writes(1)];
  assert.ok(writes > 30);
  const node = await goesSilent(visit);
  assert.equal(await visit.kept(1), kept);
  for (const way of [
    `Power on ${node}`,
    `Mark ${node} out of service`,
    `Delete Node object ${node}`,
    "Force delete web-1",
  ]) await wayOut(visit, way, kept, writes);
  await page.raw.locator(".pw").and(page.role("button", `Power on ${node}`)).click();
  await visit.settle();
  await scales(visit);
}, { timeoutMs: 240_000 });

stories("the ZooKeeper example", async (page) => {
  const visit = new Visit(page);
  await visit.pane("yaml");
  await page.role("combobox", "Load an example").selectOption({ label: "ZooKeeper" });
  await page.sees(/\d+ notes/);
  await page.raw.locator(".found summary").click();
  await page.sees(/apps\/v1/);
  await visit.shot("1-notes");
  await visit.pane("cluster");
  await visit.settle();
  await visit.reads(/zk has what it wants: 3 of 3 Pods are Ready/);
  await page.sees(/3 healthy, needs 2/);
  await visit.shot("2-settled");
  await page.raw.locator(".pod").first().click();
  await visit.pane("inspector");
  await page.raw.locator(".right").getByText("ZK_ENSEMBLE").waitFor();
  await visit.shot("3-environment");
});

const MANIFESTS = {
  "a tab": ["kind: Service\n\tname: x\n", /line 2/],
  "an unknown field": [
    "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web\nspec:\n  replica: 3\n",
    /line 6.*spec\.replica.*unknown field/s,
  ],
  "nothing in it but a remark": ["# nothing yet\n", /no objects passed to apply/],
};

for (const [what, [text, finding]] of Object.entries(MANIFESTS)) {
  story(`a manifest with ${what}`, {}, async (page) => {
    await page.raw.locator("#manifest").fill(text);
    await page.raw.locator(".found li").first().filter({ hasText: finding }).waitFor();
    const apply = page.role("button", "Apply");
    assert.equal(await apply.getAttribute("aria-disabled"), "true");
    assert.equal(await page.raw.locator("#manifest").inputValue(), text);
    await page.shot("found");
  });
}

story("an empty manifest is no mistake yet", {}, async (page) => {
  await page.raw.locator("#manifest").fill("");
  await page.sees(/Paste a manifest, drop a file/);
  await page.raw.locator(".found li").first().waitFor({ state: "detached" });
  assert.equal(await page.role("button", "Apply").getAttribute("aria-disabled"), "true");
  await page.shot("empty");
});

story("a StatefulSet without a selector", {}, async (page) => {
  const text = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: db\nspec:\n" +
    "  serviceName: db\n  template:\n    metadata:\n      labels:\n        app: db\n" +
    "    spec:\n      containers:\n      - name: db\n        image: db\n";
  await page.raw.locator("#manifest").fill(text);
  await page.click("button", "Apply");
  const refused = page.raw.locator(".found .is-err").first();
  await refused.filter({ hasText: /line \d+.*spec\.selector.*Required value/s }).waitFor();
  await page.role("alert").filter({ hasText: "Required value" }).waitFor();
  assert.equal(await page.raw.locator("#manifest").inputValue(), text);
  await page.shot("refused");
});

story("what was done outlives a reload", {}, async (page) => {
  const visit = new Visit(page);
  await visit.settle();
  await page.click("button", "Power off node-b");
  const before = await visit.because();
  await page.raw.reload();
  await page.ready();
  assert.equal(await visit.because(), before);
  await page.sees(/really: powered off/);
});
