// Somebody who presses, types and tears at anything: whatever is done, in whatever order, the page
// goes on, answers, and reports no error. A seed gives the same deeds in every run.
//
//   SEEDS=100 node --test random.test.mjs      more of them
//
// Not here: whether what happened is right; the core's own random plans (tests/swarm.rs).

import assert from "node:assert/strict";
import { DESKTOP, EMBED, MINI, PHONE, TABLET, story } from "./harness.mjs";

const SEEDS = Number(process.env.SEEDS || 4);
const DEEDS = 60;
/** A page that does not draw for so long is frozen, in milliseconds. */
const FROZEN_MS = 8_000;
const SIZES = [DESKTOP, PHONE, TABLET, EMBED, MINI];

const LINES = [
  "kubectl get pods -o wide", "kubectl get all -A", "kubectl get pods -w", "kubectl describe pod web-0",
  "kubectl delete pod web-0", "kubectl delete pod web-1 --force --grace-period=0",
  "kubectl delete pvc --all --wait=false", "kubectl delete node node-a",
  "kubectl delete sts web --cascade=orphan", "kubectl scale sts web --replicas=5",
  "kubectl scale sts web --replicas=0", "kubectl rollout restart sts web",
  "kubectl rollout undo sts web", "kubectl rollout status sts web", "kubectl edit sts web",
  `kubectl patch sts web -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}'`,
  "kubectl drain node-c --ignore-daemonsets", "kubectl cordon node-b", "kubectl uncordon node-b",
  "kubectl run x --image=busybox --restart=Never -- sleep 5", "kubectl delete ns default",
  "kubectl create job j --image=busybox", "kubectl create deployment d --image=nginx --replicas=3",
  "kubectl wait --for=condition=Ready pod/web-0 --timeout=60s", "kubectl logs -f web-0",
  "kubectl get pods -o jsonpath='{.items[*].metadata.name", "kubectl apply -f web.yaml", "((((",
  "for i in 0 1 2; do kubectl delete pod web-$i --wait=false; done", "watch kubectl get pods",
  "echo $(kubectl get pods -o name) > f; cat f", "poweroff node-a", "poweron node-a",
  "partition node-b", "fault disk-room node-a 1Gi", "fault image-pull nginx", "advance 10m",
  "settle", "why pod/web-1", "help", "history",
];
const KEYS = [".", ",", " ", "s", "u", "w", ">", "<", "[", "]", "d", "y", "p", "x", "?", "/", "F8",
  "Escape", "Tab", "Enter"];
const JUNK = ["\t", "- ", "{", "replicas: 99999999999", "\u0000", "é漢", ": :", "&a *a", "---\n",
  "kind: StatefulSet\n"];

/** Whole numbers below `n`, the same for the same seed (xorshift). */
function chance(seed) {
  let state = (seed * 2654435761) >>> 0 || 1;
  return (n) => {
    for (const shift of [13, -17, 5]) {
      state = (state ^ (shift > 0 ? state << shift : state >>> -shift)) >>> 0;
    }
    return state % n;
  };
}

/** Presses one of the things to press that are in sight; its name. */
const presses = (page, at) => page.raw.evaluate((at) => {
  const root = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
  const all = [...root.querySelectorAll("button, [role=button], summary, select, input[type=checkbox]")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }));
  const one = all[at % all.length];
  if (!one) return "nothing";
  if (one.tagName === "SELECT") {
    one.selectedIndex = (one.selectedIndex + 1) % one.options.length;
    one.dispatchEvent(new Event("change", { bubbles: true }));
  } else {
    one.click();
  }
  return `press ${one.ariaLabel || one.textContent.trim()}`;
}, at);

async function types(page, line, interrupt) {
  const field = page.raw.locator("#command");
  if (!await field.isVisible()) return "no terminal in sight";
  await field.fill(line);
  await field.press("Enter");
  if (interrupt) await field.press("Control+c");
  return `type ${line}`;
}

const spoils = (page, at, junk) => page.raw.evaluate(([at, junk]) => {
  const field = document.querySelector("#manifest");
  if (!field) return "no manifest";
  const text = field.value, place = at % (text.length + 1);
  field.value = text.slice(0, place) + junk + text.slice(place + at % 7);
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  return `write ${JSON.stringify(junk)}`;
}, [at, junk]);

async function does(page, below) {
  const what = below(20);
  if (what < 10) return presses(page, below(1_000_000));
  if (what < 15) return types(page, LINES[below(LINES.length)], below(3) === 0);
  if (what < 17) {
    const key = KEYS[below(KEYS.length)];
    await page.raw.keyboard.press(key);
    return `key ${key}`;
  }
  if (what < 18) {
    await page.raw.setViewportSize(SIZES[below(SIZES.length)]);
    return "another size";
  }
  if (what < 19) return spoils(page, below(100_000), JUNK[below(JUNK.length)]);
  await page.raw.reload();
  await page.ready();
  return "reload";
}

/** Whether the page draws. */
const draws = (page) => Promise.race([
  page.raw.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 0, true)))),
  new Promise((late) => setTimeout(late, FROZEN_MS, false)),
]);

for (let seed = 1; seed <= SEEDS; seed += 1) {
  const query = ["", "?example=zookeeper", "?until=settled", "?nodes=20"][seed % 4];
  const options = { size: SIZES[seed % 3], query, locale: seed % 5 === 0 ? "zh-CN" : "en-US" };
  story(`anything in any order, ${seed}`, options, async (page) => {
    page.raw.on("dialog", (dialog) => dialog.dismiss());
    // What is opened beside is another page's business.
    page.raw.context().on("page", (other) => other.close());
    const [below, done] = [chance(seed), []];
    for (let i = 0; i < DEEDS; i += 1) {
      done.push(await does(page, below));
      const last = done.slice(-8).join("; ");
      assert.ok(await draws(page), `frozen after: ${last}`);
      assert.equal(await page.raw.locator("dialog.crash").count(), 0, `crashed after: ${last}`);
      assert.deepEqual(page.faults, [], `after: ${last}`);
    }
  });
}
