// The files of the page: their addresses, fetching them, compiling the program out of them, saying in
// words why one did not come; and the part of the program that comes later: what waits for it. Names
// of the built files come from <meta> elements that the build writes (Trunk.toml, dev).
//
// Not here: beginning, and what is shown until the first part runs (boot.js, which finds `parts`).
(function () {
  "use strict";

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

  // The module of a part. A built part is sent packed, a fifth smaller than gzip can make it, and
  // unpacked by a worker, so that the page is not held up; where no worker may be made, as in a
  // sandboxed frame, by the page itself; and where that fails too it is fetched as it is.
  function compiled(url) {
    var plain = function () { return fetchPlain(url); };
    if (!metaUrl("playground-later")) return plain();
    return compiledByWorker(url).catch(function () { return compiledHere(url); }).catch(plain);
  }

  function fetchPacked(url) {
    return fetch(url + ".xz").then(function (response) {
      if (!response.ok) throw new Error(status(response, url));
      return response.body;
    });
  }

  function compiledByWorker(url) {
    return part("unpack.js").then(function (unpackUrl) {
      return new Promise(function (resolve, reject) {
        var worker = new Worker(unpackUrl);
        var giveUp = function (error) { worker.terminate(); reject(error); };
        worker.onmessage = function (event) {
          if (!(event.data instanceof WebAssembly.Module)) { giveUp(new Error(event.data)); return; }
          worker.terminate();
          resolve(event.data);
        };
        worker.onerror = giveUp;
        fetchPacked(url).then(function (body) {
          var reader = body.getReader();
          return reader.read().then(function next(piece) {
            worker.postMessage(piece.done ? null : piece.value);
            return piece.done ? null : reader.read().then(next);
          });
        }).catch(giveUp);
      });
    });
  }

  function compiledHere(url) {
    return part("unpack.js").then(function (unpackUrl) {
      return new Promise(function (resolve, reject) {
        if (window.unpack) { resolve(); return; }
        var script = document.createElement("script");
        script.src = unpackUrl;
        script.onload = resolve;
        script.onerror = reject;
        document.head.appendChild(script);
      });
    }).then(function () { return fetchPacked(url); })
      .then(function (body) { return window.unpack(body); });
  }

  function fetchPlain(url) {
    return fetch(url).then(function (response) {
      if (!response.ok) throw new Error(status(response, url));
      // With the right type the module is compiled while it arrives; else in one piece.
      var type = response.headers.get("content-type") || "";
      return type.indexOf("application/wasm") === 0 ? WebAssembly.compileStreaming(response)
        : response.arrayBuffer().then(function (bytes) { return WebAssembly.compile(bytes); });
    }, function () { throw new Error(fetchFailed(url)); });
  }

  // The address of a part that is fetched when it is first wanted; never an old one.
  function part(name) {
    var version = fileName(metaUrl("playground-module")).replace(/\W/g, "");
    return Promise.resolve(new URL(name + "?" + version, document.baseURI).href);
  }

  // ---- the part of the program that comes later ---------------------------------------------------

  // `page` is what boot.js has for it: `say`, `element`, `button`, `crash`, `isDead`.
  function rest(page) {
    var url = metaUrl("playground-later");
    // What the program exports, once it runs; the later part, once it is here; what was pressed
    // before that; whether nothing has been yet.
    var exported = null, later = null, pressed = [], fresh = true;
    var note = null, fetching = false;

    function isWhole() { return !url || Boolean(exported && exported.whole.value === 1); }

    // From here on calls of later functions reach them. What waited is done soon: the program may be
    // in the middle of something.
    function join() {
      new WebAssembly.Instance(later, { 0: exported });
      exported.whole.value = 1;
      document.documentElement.setAttribute("data-whole", "");
      setTimeout(function () {
        if (page.isDead()) return;
        tell();
        pressed.splice(0).forEach(function (done) { done(); });
      });
    }

    function tell(text, label, press) {
      if (note) note.remove();
      note = text ? page.element("div", "boot-note", text) : null;
      if (!note) return;
      note.setAttribute("role", "status");
      if (label) note.appendChild(page.button(label, press));
      document.body.appendChild(note);
    }

    function fetchLater() {
      if (!url || later) return Promise.resolve();
      return compiled(url).then(function (module) { later = later || module; });
    }

    // By itself, as soon as the page stands; before, where the page begins with more than that.
    function follow(exports) {
      exported = exports;
      fetching = true;
      requestAnimationFrame(function () { setTimeout(complete); });
    }

    function complete() {
      if (page.isDead() || isWhole()) return;
      fetching = true;
      if (pressed.length) tell(page.say("Fetching the rest of the simulator…"));
      fetchLater().then(function () {
        if (!page.isDead() && !isWhole()) join();
      }).catch(function () {
        // Where nobody waits, the next press tries again.
        fetching = false;
        if (pressed.length) {
          tell(page.say("The rest of the simulator did not arrive."), page.say("Retry"), complete);
        }
      });
    }

    // Calls `done` when everything is here; before, if it is the first that is `free`.
    function whole(done, free) {
      if (!pressed.length && (isWhole() || (free && fresh))) { fresh = false; done(); return; }
      pressed.push(done);
      if (isWhole()) return;
      tell(page.say("Fetching the rest of the simulator…"));
      if (!fetching) complete();
    }

    // Called in the middle of a later function that was wanted all the same: nothing but waiting is
    // left. A request that waits may not ask for bytes, so they come as text of one byte each.
    function ensure(exports) {
      exported = exports;
      if (isWhole()) return true;
      try {
        if (!later) {
          document.documentElement.setAttribute("data-waited", "");
          var request = new XMLHttpRequest();
          request.open("GET", url, false);
          request.overrideMimeType("text/plain; charset=x-user-defined");
          request.send();
          if (request.status !== 200) throw new Error(status(request, url));
          later = new WebAssembly.Module(Uint8Array.from(request.responseText, function (letter) {
            return letter.charCodeAt(0) & 255;
          }));
        }
        join();
      } catch (error) {
        page.crash(new Error(page.say("The rest of the simulator did not arrive.") + " " + error.message));
        throw error;
      }
      return true;
    }

    return { fetch: fetchLater, follow: follow, whole: whole, isWhole: isWhole, ensure: ensure };
  }

  window.parts = {
    metaUrl: metaUrl, fileName: fileName, status: status, webAssemblyProblem: webAssemblyProblem,
    importProblem: importProblem, compiled: compiled, part: part, rest: rest,
  };
})();
