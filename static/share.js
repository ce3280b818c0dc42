// Sharing: packs a session into the fragment of an address, and the dialog that hands out links,
// embeds, Markdown and files. Fetched when it is first wanted, so the first visit does not pay.
//
// Its words are keys of the dictionaries beside it, like those of the page (zh-CN.json).
// Not here: unpacking (boot.js), and what a session's text holds (src/session/save.rs).

const { say, element, button, letters, store, copy } = window.playground;

/** From this length on a link is cut by some chat programs. */
const LONG = 2000;
/** From this length on there is no link. */
const LIMIT = 32_000;
/** So long something short is told. */
const TOLD_MS = 4_000;
const SIZES = { 1: [640, 420], mini: [320, 240] };

async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The fragment that holds a session. */
export async function pack(text) {
  const bytes = new TextEncoder().encode(text);
  return typeof CompressionStream === "function"
    ? `#1d.${letters(await deflate(bytes))}`
    : `#1j.${letters(bytes)}`;
}

function base() {
  return location.href.split(/[?#]/)[0];
}

/** The address of the page with this session, as it may be handed to others. */
async function linkTo(text, query = "") {
  return base() + query + await pack(text);
}

/** Puts the session into the address bar; Back still leaves the page. */
export async function address(text) {
  if (window.playground.embedded) return;
  const fragment = await pack(text);
  if (fragment.length > LIMIT) return;
  history.replaceState(null, "", location.pathname + location.search + fragment);
  store("sessionStorage", "sfs.place", location.search + fragment);
}

/** Opens the whole page with this session, from an embed. */
export async function open(text) {
  const opened = window.open(await linkTo(text), "_blank");
  if (opened) opened.opener = null;
  else document.querySelector(".open-full")?.remove();
}

/** Keeps a text as a file. */
export function download(name, text, type = "application/yaml") {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Copies what the page shows somewhere, and says whether it could; if not, selects it there. */
export function take(text) {
  const told = (what) => {
    document.querySelector(".toast")?.remove();
    const box = element("p", "toast");
    box.setAttribute("role", "status");
    document.body.append(box);
    box.textContent = what;
    setTimeout(() => box.remove(), TOLD_MS);
  };
  copy(text, () => {
    const shown = [...document.querySelectorAll("code")]
      .find((one) => one.textContent === text && one.checkVisibility());
    if (shown) getSelection().selectAllChildren(shown);
    told(say("The browser refused to copy: the text is selected"));
  }, () => told(say("Copied")));
}

/** A field that can be copied, with its button. */
function row(label, field, action, title) {
  const box = element("div", "sh-row");
  const name = element("label", "", title);
  field.id = `share-${label}`;
  name.htmlFor = field.id;
  field.readOnly = true;
  field.spellcheck = false;
  const line = element("div", "sh-line");
  const done = element("span", "cap");
  done.setAttribute("role", "status");
  field.addEventListener("focus", () => field.select());
  line.append(field, button(action, () => {
    copy(field.value, () => {
      done.textContent = say("The browser refused to copy: the text is selected");
      field.focus();
      field.select();
    }, () => { done.textContent = say("Copied"); });
  }, "btn"));
  box.append(name, line, done);
  return box;
}

function choice(name, options, chosen, changed) {
  const set = element("div", "sh-choice");
  set.setAttribute("role", "radiogroup");
  for (const [value, title, text] of options) {
    const label = element("label");
    const radio = element("input");
    Object.assign(radio, { type: "radio", name, value, checked: value === chosen });
    radio.addEventListener("change", () => changed(value));
    const words = element("span");
    words.append(element("b", "", title), text ? ` ${text}` : "");
    label.append(radio, words);
    set.append(label);
  }
  return set;
}

/** The dialog. `input` is what the page says of the session, as JSON. */
export function share(input) {
  const { moment, start, manifests, yaml, name, clock } = JSON.parse(input);
  const texts = { moment, start, manifests };
  let held = "moment";
  let size = "1";

  const dialog = element("dialog", "dlg");
  dialog.setAttribute("aria-labelledby", "share-title");
  const head = element("div", "dlg-h");
  const title = element("h2", "", say("Share"));
  title.id = "share-title";
  head.append(title, button(say("Close"), () => dialog.close(), "btn btn-quiet"));

  const link = element("input");
  const note = element("p", "note");
  note.setAttribute("role", "status");
  const linkRow = row("link", link, say("Copy link"), say("Link"));
  linkRow.querySelector("button").classList.add("btn-primary");
  const embed = element("textarea");
  embed.rows = 3;
  const markdown = element("textarea");
  markdown.rows = 2;

  async function refresh() {
    const text = texts[held];
    const href = await linkTo(text);
    const long = href.length > LIMIT;
    link.value = long ? "" : href;
    linkRow.hidden = long;
    note.textContent = long
      ? say("This is too long for a link. Download the session as a file.")
      : href.length > LONG
        ? say("This link is long: chat programs may cut it. A file is safer.")
        : "";
    const [width, height] = SIZES[size];
    const source = await linkTo(text, `?embed=${size}`);
    embed.value = `<iframe src="${source}" title="StatefulSet Playground" width="${width}" ` +
      `height="${height}" loading="lazy" ` +
      `sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox"></iframe>`;
    markdown.value = `[StatefulSet Playground](${href})`;
    if (!long && held === "moment") address(text);
  }

  const contents = choice("share-what", [
    ["moment", say("This moment"), `${clock}. ${say("With everything that was done until now.")}`],
    ["start", say("From the beginning"), say("What was done happens again as time goes on.")],
    ["manifests", say("Manifests only"), say("Applied to a new cluster.")],
  ], held, (value) => { held = value; refresh(); });
  contents.setAttribute("aria-label", say("What the link holds"));
  const sizes = choice("share-size", [["1", "640 × 420"], ["mini", "320 × 240"]], size,
    (value) => { size = value; refresh(); });
  sizes.setAttribute("aria-label", say("Size of the embed"));

  const files = element("div", "sh-line");
  files.append(
    button(say("Download the session"), () =>
      download("playground.sfs.json", texts[held], "application/json"), "btn"),
    button(say("Download the manifest"), () => download(name, yaml, "application/yaml"), "btn"),
  );
  const embedRow = row("embed", embed, say("Copy"), say("Embed in a page"));
  embedRow.insertBefore(sizes, embedRow.children[1]);
  dialog.append(head, contents, linkRow, note, embedRow,
    row("markdown", markdown, say("Copy"), say("Markdown")), files);
  dialog.addEventListener("close", () => dialog.remove());
  // What is typed here is nobody's shortcut.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  document.body.append(dialog);
  refresh().then(() => { dialog.showModal(); link.focus(); });
}
