// Puts the functions of a wasm file in the order in which they compress best: each beside those
// that look like it, since gzip looks back 32 KiB and no further. Only names change here: each is
// the function's place, for a pass that sorts by name (wasm-opt --reorder-functions-by-name).
//
//   order.mjs IN OUT
import { readFileSync, writeFileSync } from "node:fs";
import { bodiesOf, renamed } from "./format.mjs";

// So much of what went before is looked at, in bytes: what gzip sees, less what it cannot use.
const WINDOW = 28_000;
// Bytes that look alike in one piece; the more functions have it, the less it tells, and in more
// than COMMON nothing.
const PIECE = 6;
const COMMON = 1000;

// The pieces of a function, as numbers.
function pieces(body) {
  const found = new Set();
  for (let at = 0; at + PIECE <= body.length; at += 1) {
    let value = 0;
    for (let i = 0; i < PIECE; i += 1) value = (Math.imul(value, 0x01000193) ^ body[at + i]) >>> 0;
    found.add(value);
  }
  return found;
}

// The places of `bodies`, each next to those that share most with what stands just before it.
function order(bodies) {
  const all = bodies.map(pieces);
  const holders = new Map();
  all.forEach((each, place) => each.forEach((piece) => {
    if (!holders.has(piece)) holders.set(piece, []);
    holders.get(piece).push(place);
  }));
  const shared = new Float64Array(bodies.length);
  const counts = new Map();
  const note = (piece, by) => {
    const before = counts.get(piece) || 0;
    counts.set(piece, before + by);
    if ((by > 0 ? before : before + by) !== 0) return;
    const held = holders.get(piece);
    if (held.length < 2 || held.length > COMMON) return;
    const weight = by / Math.sqrt(held.length);
    for (const place of held) shared[place] += weight;
  };
  const left = new Set(bodies.keys());
  const placed = [];
  let size = 0, oldest = 0;
  const longer = (best, body, place) => (body.length > bodies[best].length ? place : best);
  let next = bodies.reduce(longer, 0);
  while (left.size) {
    placed.push(next);
    left.delete(next);
    size += bodies[next].length;
    all[next].forEach((piece) => note(piece, 1));
    while (size > WINDOW && oldest < placed.length - 1) {
      size -= bodies[placed[oldest]].length;
      all[placed[oldest++]].forEach((piece) => note(piece, -1));
    }
    let best = -1;
    for (const place of left) {
      const share = shared[place] / (all[place].size + 6);
      if (share > best) { best = share; next = place; }
    }
  }
  return placed;
}

const [input, output] = process.argv.slice(2);
const bytes = readFileSync(input);
const names = [];
order(bodiesOf(bytes)).forEach((place, rank) => { names[place] = String(rank).padStart(6, "0"); });
writeFileSync(output, renamed(bytes, names));
