// Which fields may stand where in a manifest: the place of a line is found by indentation, and what
// may stand there comes from fields.json, which the simulator's own tables write (tests/fields.rs).

let kinds = null;

/** Fetches the fields; without them nothing is offered. */
export async function load(url) {
  const response = await fetch(url);
  if (response.ok) kinds = await response.json();
}

const KEY = /^(\s*(?:- +)*)([\w./-]+)\s*:(?:\s|$)/;

function indentOf(text) {
  return /^(?:\s|- )*/.exec(text)[0].length;
}

/** The keys above a line that it lies under, outermost first, and the kind of its document. */
function above(text, number) {
  const lines = text.split("\n");
  let start = number - 1;
  while (start > 0 && !/^---/.test(lines[start])) start -= 1;
  let end = number;
  while (end < lines.length && !/^---/.test(lines[end])) end += 1;
  const part = lines.slice(start, end);
  const kind = part.map((line) => /^kind:\s*(\w+)/.exec(line)).find(Boolean)?.[1];
  let indent = indentOf(lines[number - 1]);
  const path = [];
  for (let at = number - 2; at >= start; at -= 1) {
    const key = KEY.exec(lines[at]);
    if (!key || key[1].length >= indent) continue;
    // An item of a list may stand as far left as its key.
    path.unshift(key[2]);
    indent = key[1].replace(/- +/g, "").length < key[1].length ? key[1].length : key[1].length;
    if (indent === 0) break;
  }
  return { kind, path };
}

/** What may stand below `path`: names and types. */
function below(kind, path) {
  let at = kinds?.kinds[kind];
  for (const key of path) at = at && kinds.types[at]?.[key]?.[1];
  return (at && kinds.types[at]) || {};
}

/** The fields that may stand on a line. */
export function fieldsAt(text, number) {
  const { kind, path } = above(text, number);
  if (!kind && path.length === 0) {
    return [{ name: "apiVersion", type: "string" }, { name: "kind", type: "string" }];
  }
  return Object.entries(below(kind, path)).map(([name, [type]]) => ({ name, type }));
}

/** The path of the key on a line, and its type; null if it is not known. */
export function pathOf(text, number) {
  const key = KEY.exec(text.split("\n")[number - 1]);
  if (!key) return null;
  const { kind, path } = above(text, number);
  const found = below(kind, path)[key[2]];
  return found ? { path: [kind, ...path, key[2]].join("."), type: found[0] } : null;
}
