// Loads the simulator and says in words what went wrong when it cannot. A classic script, because
// module scripts do not run at all where a page was opened from a file. Names of the built files
// come from two <meta> elements that the build writes (Trunk.toml).
// Not here: restarting from the last good moment; a failure offers a reload.
(function () {
  "use strict";

  var SLOW_MS = 8000;
  var started = false;
  var failed = false;

  function retryButton(label) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "boot-button";
    button.textContent = label;
    button.addEventListener("click", function () { location.reload(); });
    return button;
  }

  // In the skeleton's status line while that stands, else over the app.
  function show(text, label) {
    var place = document.getElementById("boot-status");
    if (!place) {
      place = document.querySelector(".boot-alert p");
      if (!place) {
        var box = document.createElement("div");
        box.className = "boot-alert";
        box.setAttribute("role", "alertdialog");
        box.setAttribute("aria-label", "The simulator stopped");
        place = box.appendChild(document.createElement("p"));
        document.body.appendChild(box);
      }
    }
    place.textContent = text;
    if (label) place.appendChild(retryButton(label));
  }

  function fail(text) {
    if (failed) return;
    failed = true;
    document.documentElement.setAttribute("data-boot", "failed");
    show(text, "Retry");
  }

  function metaUrl(name) {
    var meta = document.querySelector('meta[name="' + name + '"]');
    return meta && new URL(meta.content, document.baseURI).href;
  }

  function fileName(url) { return url.slice(url.lastIndexOf("/") + 1); }

  function fetchFailed(url) {
    if (navigator.onLine === false) {
      return "This device is offline, and the simulator has not been loaded yet.";
    }
    return "The server did not answer for " + fileName(url) +
      ". It may be down, or a filter on the way may block it.";
  }

  function status(response, url) {
    if (response.status === 404) {
      return "The server has no file " + fileName(url) +
        " (404). The page may be an old copy: a reload fetches the new one.";
    }
    return "The server answered " + response.status + " for " + fileName(url) + ".";
  }

  function webAssemblyProblem() {
    if (typeof WebAssembly !== "object") {
      return "WebAssembly is missing or switched off in this browser; the simulator needs it.";
    }
    try {
      new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
      return "";
    } catch (error) {
      return "The page's security policy blocks WebAssembly. The server must allow " +
        "'wasm-unsafe-eval' in script-src. (" + error.message + ")";
    }
  }

  // Why import(url) failed: the browser's own error does not tell.
  function importProblem(url, error) {
    return fetch(url).then(function (response) {
      if (!response.ok) return status(response, url);
      var type = response.headers.get("content-type") || "no type at all";
      if (!/javascript/.test(type)) {
        return "The server sends " + fileName(url) + " as " + type +
          "; browsers run modules only as text/javascript.";
      }
      return "The browser did not run " + fileName(url) + ": " + error.message;
    }, function () { return fetchFailed(url); });
  }

  function fetchWasm(url) {
    return fetch(url).then(function (response) {
      if (!response.ok) throw new Error(status(response, url));
      // With the right type the module is compiled while it arrives; else in one piece.
      var type = response.headers.get("content-type") || "";
      return type.indexOf("application/wasm") === 0 ? response : response.arrayBuffer();
    }, function () { throw new Error(fetchFailed(url)); });
  }

  if (location.protocol === "file:") {
    fail("This page was opened from a file, and browsers do not load programs from there. " +
      "Serve its folder, for instance with: python3 -m http.server, and open what that prints.");
    return;
  }
  var problem = webAssemblyProblem();
  if (problem) { fail(problem); return; }
  var moduleUrl = metaUrl("playground-module");
  var wasmUrl = metaUrl("playground-wasm");
  if (!moduleUrl || !wasmUrl) { fail("This page was not built: run ./dev build."); return; }

  setTimeout(function () {
    if (!started && !failed) show("Still loading the simulator. The network may be slow.", "Retry");
  }, SLOW_MS);

  window.addEventListener("error", function (event) {
    if (event.error instanceof WebAssembly.RuntimeError) {
      fail("The simulator stopped because of a fault of its own: " + event.error.message + ".");
    }
  });

  var wasm = fetchWasm(wasmUrl);
  var module = import(moduleUrl).catch(function (error) {
    return importProblem(moduleUrl, error).then(function (text) { throw new Error(text); });
  });
  Promise.all([module, wasm]).then(function (parts) {
    return parts[0].default({ module_or_path: parts[1] });
  }).then(function () {
    started = true;
    document.documentElement.setAttribute("data-boot", "ready");
  }).catch(function (error) { fail(error.message); });
})();
