// Everything somebody can do to a page at once: each button, field, list, key, what is dropped or
// opened, the page left. For finding out what must not come later (later.mjs), and for testing that
// it does not (whole.test.mjs). The first time it brings the editor, the second it writes in it.
//
// Not here: what comes of it; somebody who does one thing after the other (random.test.mjs).

/** In the page. */
export function everything() {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const send = (target, event) => target.dispatchEvent(event);
  const bubbles = { bubbles: true, cancelable: true, composed: true };
  const files = new DataTransfer();
  files.items.add(new File(["kind: Pod\n"], "pod.yaml"));
  for (const field of all("#app textarea, #app input:not([type=file]):not([type=checkbox])")) {
    send(field, new KeyboardEvent("keydown", { ...bubbles, key: "x" }));
    field.value += "x";
    send(field, new InputEvent("input", bubbles));
    send(field, new KeyboardEvent("keydown", { ...bubbles, key: "Enter", ctrlKey: true }));
  }
  for (const line of all("#command")) {
    for (const key of ["Enter", "Tab", "ArrowUp", "ArrowDown", "Escape"]) {
      line.value = "kubectl get p";
      send(line, new KeyboardEvent("keydown", { ...bubbles, key }));
    }
    for (const key of "acdeklnpuw") {
      send(line, new KeyboardEvent("keydown", { ...bubbles, key, ctrlKey: true }));
    }
    for (const text of ["one line", "$ echo a\na\n$ echo b\n"]) {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      send(line, new ClipboardEvent("paste", { ...bubbles, clipboardData }));
    }
  }
  for (const list of all("#app select")) {
    list.selectedIndex = list.options.length - 1;
    send(list, new Event("change", bubbles));
  }
  for (const field of all("#app input[type=file]")) {
    field.files = files.files;
    send(field, new Event("change", bubbles));
  }
  for (const name of ["dragover", "dragleave", "dragover", "drop"]) {
    all("#app .edit").forEach((pane) => send(pane, new DragEvent(name, { ...bubbles, dataTransfer: files })));
  }
  const written = all("#app *").map((each) => each.shadowRoot?.querySelector(".cm-content"));
  const keys = "ArrowRight ArrowLeft ArrowUp ArrowDown PageUp PageDown Home End Enter Tab Escape F6 F8";
  const letters = ". , s u w > < [ ] d y p x ? /".split(" ");
  const targets = [document.body, ...written.filter(Boolean), ...all("#app [tabindex], #app button")];
  for (const target of targets) {
    for (const key of [...keys.split(" "), ...letters, " "]) {
      send(target, new KeyboardEvent("keydown", { ...bubbles, key }));
      send(target, new KeyboardEvent("keydown", { ...bubbles, key, ctrlKey: true }));
    }
    send(target, new KeyboardEvent("keydown", { ...bubbles, key: "x", altKey: true }));
    send(target, new KeyboardEvent("keydown", { ...bubbles, key: "x", isComposing: true }));
    send(target, new InputEvent("input", bubbles));
  }
  for (const each of [...all("#app *:not(a, label, [type=file])"), ...written.filter(Boolean)]) {
    send(each, new MouseEvent("click", { ...bubbles, clientX: 700, clientY: 400 }));
  }
  send(window, new Event("resize"));
  send(window, new Event("pagehide"));
}

/** In the page: what the device then knows of somebody who has been here and typed at the terminal. */
export function remember() {
  localStorage.setItem("sfs.theme", "dark");
  localStorage.setItem("sfs.typed", JSON.stringify(["kubectl get pods", `echo "a\tb\u0007\\" é`]));
}

/** In the page, before anything else: nothing can be kept, as where a frame of another site may not. */
export function forbid() {
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError"); } });
  }
}

/** In the page, before anything else: a clock by which all work takes long, as on a slow device. */
export function crawl() {
  const now = Date.now.bind(Date);
  let more = 0;
  Date.now = () => now() + (more += 50);
}
