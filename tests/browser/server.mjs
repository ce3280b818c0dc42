// A static file server for tests: one folder under any path, right types, headers on request.
// Not a server to publish with.

import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

/** The built page. */
export const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".xz": "application/x-xz",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json",
  ".yaml": "text/plain; charset=utf-8",
};

/**
 * Serves `root` under `prefix` on a free port of this machine.
 *
 * `answer(name)` may return `{ status?, type?, headers?, delayMs?, drop?, cut? }` to change the
 * answer for a file: a status, a type, a pause before it, a connection cut without one, or only so
 * many bytes of it.
 * `files` holds further files by name, as text; `pack` sends all that is not packed yet as gzip.
 * Returns `{ url, close() }`; `url` ends with the prefix.
 */
export async function serve(root, { prefix = "/", answer = () => ({}), files = {}, pack = false } = {}) {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://host").pathname);
    if (!path.startsWith(prefix)) return send(response, 404, "text/plain", "outside the prefix");
    let name = normalize(path.slice(prefix.length)).replace(/^(\.\.[/\\])+/, "");
    if (name === "" || name === "." || name.endsWith("/")) name = join(name, "index.html");
    const change = answer(name) ?? {};
    if (change.drop) return request.socket.destroy();
    if (change.delayMs) await new Promise((done) => setTimeout(done, change.delayMs).unref());
    if (change.status >= 400) return send(response, change.status, "text/plain", "as told");
    const type = change.type ?? TYPES[extname(name)] ?? "application/octet-stream";
    try {
      const whole = files[name] ?? await readFile(join(root, name));
      const body = change.cut ? whole.subarray(0, change.cut) : whole;
      const packs = pack && extname(name) !== ".xz";
      const headers = packs ? { "content-encoding": "gzip", ...change.headers } : change.headers;
      send(response, 200, type, packs ? gzipSync(body, { level: 9 }) : body, headers);
    } catch {
      send(response, 404, "text/plain", "no such file");
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}${prefix}`,
    close() {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

function send(response, status, type, body, headers = {}) {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store", ...headers });
  response.end(body);
}
