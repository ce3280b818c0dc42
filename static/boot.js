// Loads the simulator and says in words what went wrong when it cannot; unpacks the link in the
// address; keeps what a restart needs, and offers one when the simulator has stopped. A classic
// script, because module scripts do not run at all where a page was opened from a file.
//
// What the simulator may ask of the browser hangs on `window.playground` (see src/ui/platform).
// Not here: how files are fetched, and what comes later (parts.js); sharing and other parts that are
// fetched when they are first wanted (share.js).
(function () {
  "use strict";

  var parts = window.parts;
  var metaUrl = parts.metaUrl, fileName = parts.fileName, part = parts.part;
  var SLOW_MS = 8000;
  var LINK_MAX = 4 * 1024 * 1024;
  var started = false;
  var failed = false;
  var dead = false;
  var params = new URLSearchParams(location.search);
  var embedded = params.get("embed") === "1" || params.get("embed") === "mini";
  var words = null;
  var saved = "";
  var say = function (text) { return (words && words[text]) || text; };

  function storage(name) {
    // Mere access throws where storage is forbidden.
    try { return window[name]; } catch (error) { return null; }
  }
  function stored(name, key) {
    try { return storage(name).getItem(key) || ""; } catch (error) { return ""; }
  }
  function store(name, key, value) {
    try { storage(name).setItem(key, value); return true; } catch (error) { return false; }
  }

  function element(name, className, text) {
    var made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  function button(label, press, className) {
    var made = element("button", className || "boot-button", label);
    made.type = "button";
    made.addEventListener("click", press);
    return made;
  }

  // In the skeleton's status line.
  function show(text, label) {
    var place = document.getElementById("boot-status");
    if (!place) return;
    place.textContent = text;
    if (label) place.appendChild(button(label, function () { location.reload(); }));
  }

  function fail(text) {
    if (failed) return;
    failed = true;
    document.documentElement.setAttribute("data-boot", "failed");
    show(text, "Retry");
  }

  // ---- the simulator has stopped -------------------------------------------------------------

  function restart() {
    if (saved && (embedded || !store("sessionStorage", "sfs.session", saved))) {
      // The address is the only place left that outlives a reload.
      history.replaceState(null, "", "#1j." + letters(new TextEncoder().encode(saved)));
    }
    location.reload();
  }

  function restartClean() {
    try { storage("sessionStorage").removeItem("sfs.session"); } catch (error) { /* never kept */ }
    history.replaceState(null, "", location.pathname + location.search);
    location.reload();
  }

  function report(error, withManifests) {
    var lines = [
      "StatefulSet Playground", fileName(metaUrl("playground-wasm") || ""),
      String(error && error.message), String(error && error.stack), navigator.userAgent,
    ];
    return lines.concat(withManifests ? ["", saved] : []).join("\n");
  }

  function crash(error) {
    if (dead) return;
    dead = failed = true;
    document.documentElement.setAttribute("data-boot", "failed");
    var app = document.getElementById("app");
    app.inert = true;
    var box = element("div", "boot-alert");
    box.setAttribute("role", "alertdialog");
    box.setAttribute("aria-modal", "true");
    box.setAttribute("aria-labelledby", "crash-title");
    box.setAttribute("aria-describedby", "crash-text");
    var title = element("h2", "", say("The simulator stopped because of a fault of its own"));
    title.id = "crash-title";
    var text = element("p", "", say("What you wrote and did is kept up to about two seconds ago."));
    text.id = "crash-text";
    box.append(title, text, element("p", "boot-cause", String(error && error.message)));
    var again = button(say("Restart from the last good moment"), restart);
    var manifests = element("input");
    manifests.type = "checkbox";
    var label = element("label", "boot-tick");
    label.append(manifests, say("with manifests and deeds"));
    var field = element("textarea", "boot-report");
    field.readOnly = true;
    field.hidden = true;
    field.setAttribute("aria-label", say("Report"));
    box.append(again, button(say("Restart clean"), restartClean), button(say("Copy report"), function () {
      var content = report(error, manifests.checked);
      copy(content, function () {
        field.hidden = false;
        field.value = content;
        field.select();
      });
    }), label, field);
    document.body.appendChild(box);
    again.focus();
  }

  function copy(text, refused, done) {
    try {
      navigator.clipboard.writeText(text).then(done, refused);
    } catch (error) { refused(); }
  }

  // A trap in any entry point: event handlers, timers, frames, promises.
  function isTrap(error) {
    return error instanceof WebAssembly.RuntimeError ||
      (error && /wasm/.test(String(error.stack)) && /call stack|recursion/.test(error.message));
  }
  window.addEventListener("error", function (event) {
    if (started && isTrap(event.error)) crash(event.error);
  });
  window.addEventListener("unhandledrejection", function (event) {
    if (started && isTrap(event.reason)) crash(event.reason);
  });
  // Registered before the simulator's own: no key and no leaving enters the dead instance.
  ["keydown", "pagehide"].forEach(function (name) {
    window.addEventListener(name, function (event) {
      if (dead) event.stopImmediatePropagation();
    }, true);
  });

  // ---- the link in the address ----------------------------------------------------------------

  function letters(bytes) {
    var text = "";
    for (var i = 0; i < bytes.length; i += 4096) {
      text += String.fromCharCode.apply(null, bytes.subarray(i, i + 4096));
    }
    return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function bytesOf(text) {
    var binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(binary, function (letter) { return letter.charCodeAt(0); });
  }

  function inflate(bytes) {
    if (typeof DecompressionStream !== "function") {
      return Promise.reject(new Error("this browser cannot unpack it"));
    }
    var stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    var reader = stream.getReader();
    var pieces = [];
    var size = 0;
    return reader.read().then(function next(part) {
      if (part.done) return new Blob(pieces).arrayBuffer();
      size += part.value.length;
      if (size > LINK_MAX) {
        reader.cancel().catch(function () {});
        throw new Error("it is larger than 4 MiB");
      }
      pieces.push(part.value);
      return reader.read().then(next);
    });
  }

  // First letter: version of the format. Second: d, deflated, or j, plain.
  function unpack(fragment) {
    if (!/^#\d/.test(fragment) || (playground.again && playground.kept())) {
      return Promise.resolve();
    }
    if (fragment[1] !== "1") { playground.trouble = "newer"; return Promise.resolve(); }
    return Promise.resolve().then(function () {
      var found = /^#1([dj])\.([\w-]+)$/.exec(fragment);
      if (!found) throw new Error("it is cut off, or letters in it were changed");
      var bytes = bytesOf(found[2]);
      return found[1] === "d" ? inflate(bytes) : bytes;
    }).then(function (bytes) {
      playground.link = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    }).catch(function (error) { playground.trouble = error.message || "it is damaged"; });
  }
  window.addEventListener("hashchange", function () {
    if (/^#\d/.test(location.hash) && started) location.reload();
  });

  // ---- languages ------------------------------------------------------------------------------

  function language() {
    var wanted = [params.get("lang"), stored("localStorage", "sfs.lang")];
    wanted = wanted.concat(navigator.languages || [navigator.language]);
    for (var i = 0; i < wanted.length; i += 1) {
      if (/^zh/i.test(wanted[i])) return "zh-CN";
      if (/^en/i.test(wanted[i])) return "en";
      if (/^xx$/.test(wanted[i])) return "xx";
    }
    return "en";
  }

  function speak(lang) {
    var text = lang === "en" ? Promise.resolve("") : part(lang + ".json").then(function (url) {
      return fetch(url);
    }).then(function (response) {
      if (!response.ok) throw new Error(String(response.status));
      return response.text();
    });
    return text.then(function (text) {
      words = text ? JSON.parse(text) : null;
      playground.lang = lang;
      playground.words = words ? Object.entries(words).map(function (pair) {
        return pair.join("\t");
      }).join("\n") : "";
      document.documentElement.lang = lang;
      document.title = say("StatefulSet Playground");
    }, function () { /* the language it had is spoken on */ });
  }

  // ---- what the simulator may ask for -----------------------------------------------------------

  function run(name) {
    return function () {
      var args = arguments;
      part("share.js").then(function (url) { return import(url); }).then(function (module) {
        module[name].apply(playground, args);
      }).catch(function (error) { setTimeout(function () { throw error; }); });
    };
  }

  var rest = parts.rest({
    say: say, element: element, button: button, crash: crash, isDead: function () { return dead; },
  });

  var playground = window.playground = {
    again: !embedded && stored("sessionStorage", "sfs.place") === location.search + location.hash,
    link: "", trouble: "", lang: "en", words: "", embedded: embedded,
    say: say, element: element, button: button, copy: copy, letters: letters, store: store,
    query: function (name) { return params.get(name); },
    kept: function () { return embedded ? "" : stored("sessionStorage", "sfs.session"); },
    // False where the browser keeps nothing. In an embed nobody expects it to.
    keep: function (text) {
      if (dead) return true;
      saved = text;
      return embedded || store("sessionStorage", "sfs.session", text);
    },
    speak: function (lang, done) {
      store("localStorage", "sfs.lang", lang);
      speak(lang).then(function () { if (!dead) done(); });
    },
    // Once what was asked for stands there.
    focus: function (selector) { requestAnimationFrame(function () { focusOn(selector); }); },
    after: function (done) { requestAnimationFrame(function () { requestAnimationFrame(done); }); },
    // What the page has in the editor; the real one is told, where it is there.
    show: function (text) { shown = text; if (editor && editor.show) editor.show(shown); },
    found: function (lines) { findings = lines; if (editor && editor.found) editor.found(lines); },
    goto: function (line) {
      if (!editor || !editor.goto) return false;
      editor.goto(line);
      return true;
    },
    ensure: rest.ensure, whole: rest.whole, isWhole: rest.isWhole,
    share: run("share"), open: run("open"), take: run("take"), address: run("address"),
    download: run("download"),
    help: function () { if (playground.openHelp) playground.openHelp(); }, part: part,
  };

  // Presentation that the style sheets alone see to.
  function present() {
    var allowed = {
      embed: /^(1|mini)$/, controls: /^(step|none)$/, readonly: /^1$/, motion: /^none$/,
      panes: /^[a-z,]+$/, present: /^1$/,
    };
    Object.keys(allowed).forEach(function (name) {
      var value = params.get(name);
      if (value && allowed[name].test(value)) {
        document.documentElement.setAttribute("data-" + name, value.replace(/,/g, " "));
      }
    });
    var font = Number(params.get("font"));
    if (font >= 0.8 && font <= 2 && font !== 1 && document.adoptedStyleSheets) {
      var sheet = new CSSStyleSheet();
      sheet.replaceSync("#app { zoom: " + font + "; --zoom: " + font + "; }");
      document.adoptedStyleSheets = document.adoptedStyleSheets.concat(sheet);
    }
  }
  present();

  // ---- the editor: fetched when somebody begins to write; without it the text area stays ----------

  var editor = null;
  var shown = null;
  var findings = "";

  function loadEditor(event) {
    var area = event.target;
    if (editor || dead || area.id !== "manifest" || params.get("editor") === "plain") return;
    editor = {};
    Promise.all([part("editor.js"), part("fields.json")]).then(function (urls) {
      return import(urls[0]).then(function (module) {
        if (dead || !area.isConnected) throw new Error("gone");
        editor = module.mount(area, urls[1]);
        editor.found(findings);
      });
    }).catch(function () { /* the text area stays */ });
  }
  document.addEventListener("pointerdown", loadEditor);
  document.addEventListener("keydown", loadEditor, true);

  // ---- focus -------------------------------------------------------------------------------------

  var PANES = [".centre", ".deck", ".right", ".dock", ".left"];

  function focusOn(selector) {
    var pane = document.querySelector(selector);
    if (!pane || !pane.getClientRects().length && getComputedStyle(pane).display !== "contents") {
      return false;
    }
    pane.tabIndex = -1;
    pane.focus({ preventScroll: true });
    return document.activeElement === pane;
  }

  // To the next pane that is there, or the one before.
  function nextPane(back) {
    var here = PANES.findIndex(function (selector) {
      return document.activeElement.closest(selector);
    });
    for (var i = 1; i <= PANES.length; i += 1) {
      var at = here < 0 ? (back ? PANES.length - i : i - 1)
        : (here + (back ? PANES.length - i : i)) % PANES.length;
      if (focusOn(PANES[at])) return;
    }
  }

  document.addEventListener("keydown", function (event) {
    if (event.key === "F6" && !dead && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      nextPane(event.shiftKey);
    }
  });

  // Arrows lead through the figure.
  document.addEventListener("keydown", function (event) {
    var step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    var stage = step && !dead && event.target.closest && event.target.closest(".stage");
    if (!stage || event.altKey || event.ctrlKey || event.metaKey) return;
    var all = Array.from(stage.querySelectorAll("button"));
    var next = all[all.indexOf(event.target.closest("button")) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });

  // What had the focus may be gone after a deed: then the figure has it.
  var focused = null;
  document.addEventListener("focusin", function (event) { focused = event.target; });
  new MutationObserver(function () {
    if (dead || !focused || focused.isConnected || document.activeElement !== document.body) return;
    focused = null;
    focusOn(".seat.is-picked .pick") || focusOn(".centre");
  }).observe(document.getElementById("app"), { childList: true, subtree: true });

  // ---- loading ----------------------------------------------------------------------------------

  if (location.protocol === "file:") {
    fail("This page was opened from a file, and browsers do not load programs from there. " +
      "Serve its folder, for instance with: python3 -m http.server, and open what that prints.");
    return;
  }
  var problem = parts.webAssemblyProblem();
  if (problem) { fail(problem); return; }
  var moduleUrl = metaUrl("playground-module");
  var wasmUrl = metaUrl("playground-wasm");
  if (!moduleUrl || !wasmUrl) { fail("This page was not built: run ./dev build."); return; }

  setTimeout(function () {
    if (!started && !failed) show("Still loading the simulator. The network may be slow.", "Retry");
  }, SLOW_MS);

  var wasm = parts.compiled(wasmUrl);
  var module = import(moduleUrl).catch(function (error) {
    return parts.importProblem(moduleUrl, error).then(function (text) { throw new Error(text); });
  });
  saved = playground.kept();
  if (!embedded) store("sessionStorage", "sfs.place", location.search + location.hash);
  // A page that begins somewhere else than at the beginning needs all of it.
  var elsewhere = saved || location.hash || params.get("lang") === "xx" ||
    /[?&](t|until|play|speed|example|nodes|seed|select|view|hl|styles)=/.test(location.search);
  var all = elsewhere ? rest.fetch() : null;
  Promise.all([module, wasm, unpack(location.hash), speak(language()), all]).then(function (came) {
    started = true;
    return came[0].default({ module_or_path: came[1] });
  }).then(function (exports) {
    if (dead) return;
    document.documentElement.setAttribute("data-boot", "ready");
    rest.follow(exports);
    part("tools.js").then(function (url) { return import(url); })
      .catch(function () { /* the page is whole without it */ });
  }).catch(function (error) {
    if (isTrap(error)) crash(error); else fail(error.message);
  });
})();
