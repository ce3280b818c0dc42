// The files of the page: their addresses, fetching them, compiling the program out of them, and
// saying in words why one did not come. Names of the built files come from <meta> elements that the
// build writes (Trunk.toml, dev).
//
// Not here: what is fetched when, and what is shown meanwhile (boot.js, which finds `parts`).
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

  window.parts = {
    metaUrl: metaUrl, fileName: fileName, status: status, webAssemblyProblem: webAssemblyProblem,
    importProblem: importProblem, compiled: compiled, part: part,
  };
})();
