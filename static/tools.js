// What is beside the simulator: splitters and maximised panes, the glossary, the dialog with keys
// and words, keys that lead to panes, what an address wants highlighted. Fetched once the page
// stands, so that the first sight does not wait for it.
//
// Sizes are rules of a style sheet of its own, since no element may carry a style attribute. What
// is added to the document stands behind everything the simulator draws and is never touched by it.
// Its words are keys of the dictionaries beside it, like those of the page (zh-CN.json).
// Not here: sharing (share.js), and what keys about the cluster do (src/ui/app.rs).

const page = window.playground;
const { say, element, button, store } = page;
const root = document.documentElement;
const app = document.getElementById("app");

function stored(key) {
  try { return localStorage.getItem(key) || ""; } catch (error) { return ""; }
}

function sheet() {
  const made = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, made];
  return made;
}

// ---- sizes of panes -------------------------------------------------------------------------------

const STEP = 2;
// What is resized, along which axis, its least size in pixels and its greatest in percent, and
// which rule takes the size. A dock that is folded or has all the room keeps that.
const SPLITS = {
  side: { pane: ".left", x: true, least: 340, most: 60, rule: ".frame" },
  right: { pane: ".right", x: true, back: true, least: 260, most: 45, rule: ".frame" },
  dock: {
    pane: ".dock", back: true, least: 96, most: 70, rule: ".app:not(.folded):not(.tall) .frame",
  },
  pane: { pane: ":is(.left, .right, .dock)", back: true, least: 120, most: 70, rule: ".frame" },
};
const names = () => ({
  side: say("Width of the manifest"), right: say("Width of the inspector"),
  dock: say("Height of events and terminal"), pane: say("Height of the pane below"),
});
const sizes = sheet();
let kept = {};
try { kept = JSON.parse(stored("sfs.split")) || {}; } catch (error) { /* nothing was kept */ }

const frame = () => app.querySelector(".frame");

/** Sizes are remembered for each layout apart. */
function layout() {
  const { width, height } = frame().getBoundingClientRect();
  const wide = width >= 1280 ? "XL" : width >= 1024 ? "L" : width >= 640 ? "M" : "S";
  return wide + (height < 800 ? "-low" : "");
}

function write() {
  const chosen = kept[layout()] || {};
  sizes.replaceSync(Object.keys(chosen).filter((name) => SPLITS[name]).map((name) => {
    const { rule, x } = SPLITS[name];
    return `${rule} { --${name}: ${Number(chosen[name])}${x ? "cqw" : "cqh"}; }`;
  }).join("\n"));
  measure();
}

const whole = ({ x }) => frame().getBoundingClientRect()[x ? "width" : "height"];

function measure() {
  for (const bar of frame().querySelectorAll(".split")) {
    const split = SPLITS[bar.dataset.split];
    const pane = [...app.querySelectorAll(split.pane)].find((one) => one.getClientRects().length);
    if (!pane) continue;
    const size = pane.getBoundingClientRect()[split.x ? "width" : "height"];
    bar.ariaValueNow = Math.round(size * 100 / whole(split));
    bar.ariaValueMin = Math.min(Math.ceil(split.least * 100 / whole(split)), bar.ariaValueNow);
    bar.ariaValueMax = Math.max(split.most, bar.ariaValueNow);
  }
}

/** To so many percent; to what the design says without a number. */
function resize(name, percent) {
  const split = SPLITS[name];
  const chosen = kept[layout()] ||= {};
  if (percent === undefined) delete chosen[name];
  else {
    const least = Math.ceil(split.least * 100 / whole(split));
    chosen[name] = Math.round(Math.min(Math.max(percent, least), split.most) * 10) / 10;
  }
  store("localStorage", "sfs.split", JSON.stringify(kept));
  write();
}

function splitter(name) {
  const { x, back } = SPLITS[name];
  const bar = element("div", `split split-${name}`);
  bar.dataset.split = name;
  bar.tabIndex = 0;
  bar.setAttribute("role", "separator");
  bar.setAttribute("aria-orientation", x ? "vertical" : "horizontal");
  const more = (back ? ["ArrowLeft", "ArrowUp"] : ["ArrowRight", "ArrowDown"])[x ? 0 : 1];
  const less = (back ? ["ArrowRight", "ArrowDown"] : ["ArrowLeft", "ArrowUp"])[x ? 0 : 1];
  bar.addEventListener("keydown", (event) => {
    const now = Number(bar.ariaValueNow);
    const to = {
      [more]: now + STEP, [less]: now - STEP, Home: 0, End: 100, Enter: undefined,
    };
    if (!(event.key in to)) return;
    event.preventDefault();
    event.stopPropagation();
    resize(name, to[event.key]);
  });
  bar.addEventListener("dblclick", () => resize(name));
  bar.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    bar.focus();
    bar.setPointerCapture(event.pointerId);
  });
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const box = frame().getBoundingClientRect();
    const at = x ? (event.clientX - box.left) / box.width : (event.clientY - box.top) / box.height;
    resize(name, (back ? 1 - at : at) * 100);
  });
  return bar;
}

// ---- one pane alone -------------------------------------------------------------------------------

const ICON = "M6 2.5H2.5V6M10 2.5h3.5V6M6 13.5H2.5V10m7.5 3.5h3.5V10";
const titles = () => ({
  left: say("Maximise the manifest"), centre: say("Maximise the cluster"),
  right: say("Maximise the inspector"),
});

function maximise(name) {
  const on = name && root.dataset.max !== name;
  if (on) root.dataset.max = name;
  else delete root.dataset.max;
  for (const one of frame().querySelectorAll(".max")) {
    one.ariaPressed = String(one.dataset.of === root.dataset.max);
  }
  measure();
}

function maximiser(name) {
  const made = button("", () => maximise(name), `btn btn-quiet max max-${name}`);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("class", "i");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("class", "ic");
  path.setAttribute("d", ICON);
  svg.append(path);
  made.append(svg);
  made.dataset.of = name;
  made.ariaPressed = "false";
  return made;
}

/** In the language of now. */
function label() {
  for (const one of frame().querySelectorAll(".split")) one.ariaLabel = names()[one.dataset.split];
  for (const one of frame().querySelectorAll(".max")) {
    one.ariaLabel = one.title = titles()[one.dataset.of];
  }
}

if (!page.embedded) {
  frame().append(...Object.keys(titles()).map(maximiser), ...Object.keys(SPLITS).map(splitter));
  label();
  write();
  new ResizeObserver(write).observe(frame());
  new MutationObserver(label).observe(root, { attributeFilter: ["lang"] });
}

// ---- glossary -------------------------------------------------------------------------------------

let glossary = null;
/** Words and fields, each with a sentence in English and Chinese: static/glossary.json. */
page.glossary = () => glossary ||= page.part("glossary.json").then(fetch).then((it) => it.json());
const spoken = (entry) => entry && entry[page.lang === "zh-CN" ? 1 : 0];
/** The sentence for a field of a manifest, by its path. */
page.explain = (all, path) => {
  const keys = path.split(".");
  const tries = [keys.slice(-2).join("."), keys[keys.length - 1]];
  return spoken(all.fields[tries.find((key) => all.fields[key])]);
};

/** The word a term stands for in English. */
function english(text) {
  const line = page.words.split("\n").find((one) => one.endsWith(`\t${text}`));
  return line ? line.split("\t")[0] : text;
}

const tipSheet = sheet();
const tip = element("div", "tip");
tip.id = "tip";
tip.setAttribute("role", "tooltip");
tip.hidden = true;
document.body.append(tip);
let about = null;

function hide() {
  if (tip.hidden && !about) return;
  tip.hidden = true;
  if (about) about.removeAttribute("aria-describedby");
  about = null;
}

function docs(path) {
  const link = element("a", "", "kubernetes.io");
  link.href = `https://kubernetes.io${page.lang === "zh-CN" ? "/zh-cn" : ""}${path}`;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function explain(term) {
  if (term === about) return;
  hide();
  about = term;
  page.glossary().then((all) => {
    const entry = all.terms[english(term.textContent)];
    if (!entry || about !== term || !term.isConnected) return;
    tip.replaceChildren(element("b", "", term.textContent), ` ${spoken(entry)} `, docs(entry[2]));
    tip.hidden = false;
    term.setAttribute("aria-describedby", "tip");
    const at = term.getBoundingClientRect();
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left, innerWidth - width - 8));
    const top = at.bottom + height + 12 < innerHeight ? at.bottom + 4 : at.top - height - 4;
    tipSheet.replaceSync(`#tip { left: ${left}px; top: ${Math.max(4, top)}px; }`);
  }).catch(() => { /* offline before it was fetched: nothing is explained */ });
}

const termOf = (event) => event.target.closest && event.target.closest(".gloss");
for (const name of ["pointerover", "focusin", "click"]) {
  document.addEventListener(name, (event) => {
    const term = termOf(event);
    if (term) explain(term);
    else if (!tip.contains(event.target) && !(about && about.matches(":focus-visible"))) hide();
  });
}
document.addEventListener("focusout", (event) => { if (termOf(event)) hide(); });
document.addEventListener("scroll", hide, true);

// ---- the dialog with keys and words ---------------------------------------------------------------

const KEYS = () => [
  [".  ,", say("Next event, previous event")],
  [">  <", say("10 s forward, 10 s back")],
  [say("Space"), say("Play, pause")],
  ["s", say("Settle: until nothing more happens")],
  ["[  ]", say("Slower, faster")],
  ["w", say("Why it waits")],
  ["d  y", say("Describe the selected object, show its YAML")],
  ["p  x", say("Power of the selected node, delete the selected object")],
  ["u", say("Undo")],
  ["e", say("To the manifest")],
  ["/", say("Filter events and tables by name")],
  ["1 – 6", say("To a pane: cluster, manifest, inspector, terminal, events, table")],
  ["?", say("This list")],
  ["Esc", say("Close, select nothing")],
  ["F6", say("To the next pane; with Shift to the one before")],
  ["F8", say("To the next finding in the manifest; with Shift to the one before")],
  ["Ctrl+Enter", say("Apply the manifest")],
  ["Ctrl+S", say("Share")],
  ["Ctrl+`", say("To the terminal")],
];

function pairs(list, name) {
  const made = element("dl", name);
  for (const [what, text] of list) {
    const value = element("dd");
    value.append(...[text].flat());
    made.append(element("dt", "", what), value);
  }
  return made;
}

let single = stored("sfs.keys") !== "off";

page.openHelp = () => {
  if (document.querySelector("dialog[open]")) return;
  const dialog = element("dialog", "dlg help");
  dialog.setAttribute("aria-labelledby", "help-title");
  const head = element("div", "dlg-h");
  const title = element("h2", "", say("Keys and words"));
  title.id = "help-title";
  head.append(title, button(say("Close"), () => dialog.close(), "btn btn-quiet"));
  const tick = element("input");
  tick.type = "checkbox";
  tick.checked = single;
  tick.addEventListener("change", () => {
    single = tick.checked;
    store("localStorage", "sfs.keys", single ? "on" : "off");
  });
  const label = element("label", "help-tick");
  const words = element("span");
  words.append(element("b", "", say("Single keys act")), " ",
    say("Outside of text. Off, only keys with Ctrl, F6 and Esc do."));
  label.append(tick, words);
  const list = element("div");
  dialog.append(head, label, pairs(KEYS(), "help-keys"), element("h3", "", say("Words")), list);
  page.glossary().then((all) => {
    list.append(pairs(Object.entries(all.terms).map(([term, entry]) => {
      const name = (page.lang === "zh-CN" && entry[3]) || say(term);
      return [name, [`${spoken(entry)} `, docs(entry[2])]];
    }), "help-words"));
  }).catch(() => { list.append(say("The list could not be fetched.")); });
  // What is pressed in it is no shortcut of the page.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
};

// ---- keys -----------------------------------------------------------------------------------------

function isText(event) {
  const target = event.composedPath()[0];
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName || "");
}
const isSingle = (event) =>
  event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;

// Before anybody else hears of it.
window.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !tip.hidden) {
    hide();
    event.stopImmediatePropagation();
  }
  if (!single && isSingle(event) && !isText(event)) event.stopImmediatePropagation();
}, true);

const PANES = ["cluster", "yaml", "inspector", "terminal", "events", "table"];
const PLACES = [".centre", ".left", ".right", ".termpane", ".eventpane", ".tablepane"];

/** Opens the record where it is folded away. */
function unfold() {
  const folds = [...app.querySelectorAll(".fold-up")];
  folds.find((one) => one.getClientRects().length)?.click();
}

app.addEventListener("click", (event) => {
  if (event.target.closest(".dock [role=tab]")) unfold();
});

function to(n) {
  maximise();
  if (n > 2) unfold();
  app.querySelector(`.tabbar .p-${PANES[n]}`)?.click();
  // Where terminal and tables share a place, the tabs above them choose.
  const tab = n === 3 ? ".tablepane .t-term" : n === 5 ? ".termpane [role=tab]:not(.t-term)" : "";
  const chosen = tab && app.querySelector(tab);
  if (chosen && chosen.getClientRects().length) chosen.click();
  page.focus(PLACES[n]);
}

function toManifest() {
  to(1);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const rich = app.querySelector(".cm")?.shadowRoot.querySelector(".cm-content");
    (rich || document.getElementById("manifest")).focus({ preventScroll: true });
  }));
}

/** To the field beside what is shown, first to that of the table. */
function toFilter() {
  maximise();
  const shown = () => [...app.querySelectorAll(".filter")].find((one) => one.getClientRects().length);
  if (!shown()) app.querySelector(".tabbar .p-events")?.click();
  requestAnimationFrame(() => requestAnimationFrame(() => shown()?.focus({ preventScroll: true })));
}

window.addEventListener("keydown", (event) => {
  const field = event.target.closest?.(".filter");
  if (!field || event.key !== "Escape" || event.isComposing) return;
  event.stopImmediatePropagation();
  event.preventDefault();
  if (field.value) {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  } else page.focus(".dock");
}, true);

// ---- the manifest's text ----------------------------------------------------------------------------

const area = () => document.getElementById("manifest");

/** What the editor offers once it is there (editor/editor.mjs): `line()`, `replace(from, to, text)`. */
const rich = () => page.rich;

/** Makes `text` the manifest, as if the part that differs had been written. */
page.rewrite = (text) => {
  const old = area().value;
  let [from, end] = [0, old.length];
  let last = text.length;
  while (from < end && from < last && old[from] === text[from]) from += 1;
  while (end > from && last > from && old[end - 1] === text[last - 1]) { end -= 1; last -= 1; }
  const made = text.slice(from, last);
  if (rich()) { rich().replace(from, end, made); return; }
  area().focus({ preventScroll: true });
  area().setSelectionRange(from, end);
  // The one way that leaves the browser's own undo whole.
  if (!document.execCommand(made ? "insertText" : "delete", false, made)) {
    area().setRangeText(made);
    area().dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
};

/** To the finding after the cursor, or before it; round at the ends. */
function toFinding(back) {
  const picks = [...app.querySelectorAll("#found .pick")];
  const lines = picks.map((pick) => Number(/\d+/.exec(pick.textContent)));
  const place = () => area().value.slice(0, area().selectionStart).split("\n").length;
  const now = rich() ? rich().line() : place();
  const beyond = lines.filter((line) => (back ? line < now : line > now));
  const all = beyond.length ? beyond : lines;
  if (all.length) picks[lines.indexOf(back ? Math.max(...all) : Math.min(...all))].click();
}

window.addEventListener("keydown", (event) => {
  if (event.key !== "F8" || event.isComposing || document.querySelector("dialog[open]")) return;
  if (!app.querySelector("#found")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!area().getClientRects().length && !rich()?.shown()) to(1);
  requestAnimationFrame(() => toFinding(event.shiftKey));
}, true);

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]") || event.isComposing) return;
  if (event.key === "Escape") maximise();
  if (event.key === "`" && event.ctrlKey) {
    event.preventDefault();
    to(3);
    requestAnimationFrame(() => requestAnimationFrame(() => {
      app.querySelector(".termpane input")?.focus({ preventScroll: true });
    }));
  }
  if (!isSingle(event) || isText(event)) return;
  if (/^[1-6]$/.test(event.key)) to(Number(event.key) - 1);
  else if (event.key === "e") toManifest();
  else if (event.key === "/") toFilter();
  else return;
  event.preventDefault();
});

// ---- what is picked is in sight, inside of its own pane -------------------------------------------

function scroller(one) {
  for (let up = one.parentElement; up && !up.classList.contains("app"); up = up.parentElement) {
    const over = up.scrollHeight > up.clientHeight + 1;
    if (over && /auto|scroll/.test(getComputedStyle(up).overflowY)) return up;
  }
  return null;
}

function reveal(one) {
  const box = scroller(one);
  if (!box || !one.getClientRects().length) return;
  const [place, view] = [one.getBoundingClientRect(), box.getBoundingClientRect()];
  if (place.top < view.top) box.scrollTop += place.top - view.top - 8;
  else if (place.bottom > view.bottom) {
    box.scrollTop += Math.min(place.bottom - view.bottom + 8, place.top - view.top);
  }
}

const PICKED = ".seat, .pod, .cp, .ch, .node, .vol, .tbl tr";
new MutationObserver((changes) => {
  const fresh = changes.filter(({ target, oldValue }) => target.matches(PICKED) &&
    target.classList.contains("is-picked") && !/is-picked/.test(oldValue || ""));
  // The row of the seat last: it is what a person looks for.
  const order = (one) => Number(one.target.matches(".seat"));
  fresh.sort((a, b) => order(a) - order(b)).forEach(({ target }) => reveal(target));
}).observe(app, { subtree: true, attributeFilter: ["class"], attributeOldValue: true });

// ---- in front of many people ------------------------------------------------------------------------

// `present=1`: remotes for slides turn the pages of time.
if (page.query("present") === "1") {
  document.addEventListener("keydown", (event) => {
    const name = { PageDown: ".step", PageUp: ".pb:not(.spare, .settle)" }[event.key];
    if (!name || isText(event) || event.target.closest?.(".tl, dialog")) return;
    event.preventDefault();
    app.querySelector(`.deck ${name}`)?.click();
  });
}

// ---- what the address wants highlighted -----------------------------------------------------------

const wanted = (page.query("hl") || "").split(",").map((one) => /^([a-z]+)\/([\w.-]+)$/.exec(one));
const marked = wanted.filter(Boolean).slice(0, 20).map(([, kind, name]) => {
  const isNode = /^no/.test(kind);
  return isNode ? `.node[data-name="${name}"] > .node-body` : `[data-name="${name}"]:not(.node)`;
});
if (marked.length) {
  sheet().replaceSync(`${marked.join(", ")} { outline: 3px dashed var(--accent); outline-offset: 3px; }`);
}
