// Takes out of functions what their first runs leave untouched: the rest of a list of instructions
// from some point on (an arm of an `if`, what follows a branch that is always taken), so that it
// can be a function of its own and come later (split.mjs). Works on the binary format itself, where
// such a rest stands in one piece; it takes nothing from the stack, by the rules of the format.
//
// A region hands its locals over as parameters, and what it changed in them back through globals;
// of several ways out it returns the number. An example, with `cold` taken out:
//
//   block                               block
//     (br_if 0 (local.get 0))             (br_if 0 (local.get 0))
//     (local.set 1 (call $cold))          (call $region (local.get 1))
//     (br_if 1 (local.get 1))             (br_if 1)       ;; on the number that was returned
//   end                                 end
//
// Not here: which regions are cold. Each has a name, from its function's and its own form, the same
// from build to build as long as neither changes.
import { createHash } from "node:crypto";

import {
  BLOCK, BR, BR_IF, BR_TABLE, CALL, CONST, constant, effect, ELSE, END, GET, GLOBAL_GET, GLOBAL_SET,
  I32, IF, LOOP, moduleOf, number, operands, Reader, RETURN, SET, STORE8, UNREACHABLE, vector, VOID,
  withCode,
} from "./format.mjs";

// Shorter ones cost more than they save.
const LEAST = 8;
// More than the call of a region takes the way to it costs, in bytes.
const CALL_BYTES = 7;
// More locals to hand back than this would cost too much.
const MOST_CHANGED = 8;
// The way out that is no branch.
const FALL = -1;
// How names of regions that were taken out begin.
export const REGION = "region";

const ends = (op) => op === BR || op === BR_TABLE || op === RETURN || op === UNREACHABLE;

// A list of instructions: { op, type, from, to, lists, points, dead }, `op` being what it belongs
// to (0 for a function), `points` where a rest may begin, `dead` whether its end is never reached.
function listOf(r, module, op, type, start) {
  const list = { op, type, from: r.at, to: 0, points: [], lists: [], dead: false };
  let height = 0, wanted = start;
  for (;;) {
    const at = r.at;
    if (wanted && height === 0 && !list.dead) { list.points.push(at); wanted = false; }
    const code = r.byte();
    if (code === END || code === ELSE) { list.to = at; return list; }
    let value, more;
    operands(code, r, (kind, found) => { value = found; if (kind === "more") more = found; });
    if (code === BLOCK || code === LOOP || code === IF) {
      const inner = typeOf(value, module);
      list.lists.push(listOf(r, module, code, inner, code === IF));
      if (code === IF && r.bytes[r.at - 1] === ELSE) {
        list.lists.push(listOf(r, module, code, inner, true));
      }
      height += inner.results.length - inner.params.length - (code === IF ? 1 : 0);
      wanted = true;
    } else if (ends(code)) list.dead = true;
    else {
      height += effect(code, more, value, module);
      if (code === BR_IF) wanted = true;
    }
  }
}

// The type of a block from its operand.
function typeOf(value, module) {
  if (value >= 0) return module.types[value];
  const code = value & 127;
  return { params: [], results: code === VOID ? [] : [code] };
}

// The types of the locals, parameters included, and where the instructions begin.
function localsOf(module, index) {
  const { from } = module.bodies[index];
  const r = new Reader(module.bytes, from);
  const types = [...module.types[module.functions[module.imported + index]].params];
  r.many(() => {
    for (let count = r.number(), type = r.byte(); count > 0; count -= 1) types.push(type);
  });
  return { types, at: r.at };
}

// What the labels of a list carry.
const carried = (list) => (list.op === LOOP ? list.type.params : list.type.results);

// A region's name: how its instructions look, without numbers that other code decides.
function formOf(module, from, to, plain) {
  const hash = createHash("sha256");
  const r = new Reader(module.bytes, from);
  const form = [];
  const theirs = ["const", "local", "global", "type"];
  while (r.at < to) {
    const op = r.byte();
    form.push(op);
    operands(op, r, (kind, value) => {
      if (kind === "function") form.push(plain(module.names[value] || ""));
      else if (!theirs.includes(kind)) form.push(value);
    });
  }
  return hash.update(form.join()).digest("hex").slice(0, 12);
}

// The places where a region may begin, outermost first: calls `see(point, list, path)`, and goes
// into what is inside unless that returns true.
function walk(list, path, see) {
  const here = [...path, list];
  let end = Infinity;
  for (const point of list.points) {
    if (list.to - point < LEAST) break;
    if (see(point, list, here)) { end = point; break; }
  }
  for (const inner of list.lists) if (inner.from < end) walk(inner, here, see);
}

function bodyOf(module, index) {
  const { types, at } = localsOf(module, index);
  const type = module.types[module.functions[module.imported + index]];
  const list = listOf(new Reader(module.bytes, at), module, 0, type, false);
  return { types, at, list };
}

// `bytes` with a mark, a byte of memory from `base` on, set wherever a function or a region begins;
// returns the names as well: [{ name, inside }], `inside` being the mark around it or -1.
export function marked(bytes, base, plain) {
  const module = moduleOf(bytes);
  const names = [];
  const mark = (name, inside) => {
    names.push({ name, inside });
    return [CONST, 0, CONST, 1, STORE8, 0, ...number(base + names.length - 1)];
  };
  const bodies = module.bodies.map(({ from, to }, index) => {
    const { at, list } = bodyOf(module, index);
    const name = plain(module.names[module.imported + index] || "");
    const regions = [];
    walk(list, [], (point, { to: end }) => { regions.push([point, end]); return false; });
    regions.sort(([a, c], [b, d]) => a - b || d - c);
    const around = [[to, names.length]];
    const places = [[at, mark(name, -1)]];
    for (const [point, end] of regions) {
      while (point >= around.at(-1)[0]) around.pop();
      const inside = around.at(-1)[1];
      around.push([end, names.length]);
      places.push([point, mark(`${name} ${formOf(module, point, end, plain)}`, inside)]);
    }
    return replaced(bytes, from, to, places.map(([place, code]) => [place, place, code]));
  });
  return { bytes: withCode(module, bodies), names };
}

// The bytes between two places with other bytes instead of some: `changes` are [from, to, bytes].
function replaced(bytes, from, to, changes) {
  const parts = [];
  let last = from;
  for (const [begin, end, made] of changes.sort(([a], [b]) => a - b)) {
    parts.push(bytes.subarray(last, begin), Buffer.from(made));
    last = end;
  }
  return Buffer.concat([...parts, bytes.subarray(last, to)]);
}

// How a region uses locals: which it reads before it has surely written them, and which it writes.
function uses(module, from, to) {
  const read = new Set(), written = new Set();
  const r = new Reader(module.bytes, from);
  // What was surely written: forgotten at the end of each list inside.
  const sure = [new Set()];
  while (r.at < to) {
    const op = r.byte();
    operands(op, r, (kind, value) => {
      if (kind === "block") sure.push(new Set());
      if (kind !== "local") return;
      if (op === GET && !sure.some((each) => each.has(value))) read.add(value);
      if (op !== GET) { written.add(value); sure.at(-1).add(value); }
    });
    if (op === END) sure.pop();
    if (op === ELSE) { sure.pop(); sure.push(new Set()); }
  }
  return { read, written };
}

// How often each local is read between two places.
function reads(module, from, to) {
  const found = new Map();
  const r = new Reader(module.bytes, from);
  while (r.at < to) {
    const op = r.byte();
    operands(op, r, (kind, value) => {
      if (kind === "local" && op === GET) found.set(value, (found.get(value) || 0) + 1);
    });
  }
  return found;
}

// The ways out of a region: how far out their labels are (0 its own list), the fall to the end
// first, which is there if `fall`.
function waysOut(module, from, list, path) {
  const found = new Set();
  let fall = !list.dead, nest = 0;
  const see = (label) => {
    if (label < nest) return;
    if (label === nest && list.op !== LOOP) fall = true;
    else found.add(label - nest);
  };
  const r = new Reader(module.bytes, from);
  while (r.at < list.to) {
    const op = r.byte();
    operands(op, r, (kind, value) => {
      if (kind === "label") see(value);
      if (kind === "labels") value.forEach(see);
      if (kind === "block") nest += 1;
    });
    if (op === RETURN) see(nest + path.length - 1);
    if (op === END) nest -= 1;
  }
  return { fall, outs: [...found].sort((a, b) => a - b) };
}

// The instructions of a region as they stand in a function of its own: `local` and `label` (of how
// far out) give the new numbers.
function copied(module, from, list, path, local, label) {
  const out = [];
  const r = new Reader(module.bytes, from);
  let nest = 0;
  const led = (value) => (value < nest ? value : nest + label(value - nest));
  while (r.at < list.to) {
    const at = r.at, op = r.byte();
    let made = null;
    const before = nest;
    operands(op, r, (kind, value) => {
      if (kind === "local") made = [op, ...number(local(value))];
      if (kind === "label") made = [op, ...number(led(value))];
      if (kind === "labels") {
        made = [op, ...number(value.length - 1), ...value.flatMap((each) => number(led(each)))];
      }
      if (kind === "block") nest += 1;
    });
    if (op === RETURN) made = [BR, ...number(before + label(path.length - 1))];
    if (op === END) nest -= 1;
    if (made) out.push(...made); else for (let i = at; i < r.at; i += 1) out.push(module.bytes[i]);
  }
  return out;
}

// Takes the regions out whose names are `cold`, of functions that are not `moved` themselves.
export function outlined(bytes, cold, moved, plain) {
  const module = moduleOf(bytes);
  const added = { types: [], functions: [], globals: [] };
  const slots = {
    type: (params, results) => {
      const same = (a, b) => String(a) === String(b);
      const all = [...module.types, ...added.types];
      const at = all.findIndex((each) => same(each.params, params) && same(each.results, results));
      if (at < 0) added.types.push({ params, results });
      return at < 0 ? all.length : at;
    },
    global: (type, nth) => {
      const places = () => [...added.globals.keys()].filter((at) => added.globals[at] === type);
      while (places().length <= nth) added.globals.push(type);
      return module.globals + places()[nth];
    },
  };
  const bodies = module.bodies.map(({ from, to }, index) => {
    const name = plain(module.names[module.imported + index] || "");
    if (moved(name)) return bytes.subarray(from, to);
    const { types: locals, at, list } = bodyOf(module, index);
    const all = reads(module, at, to - 1);
    const calls = [];
    walk(list, [], (point, inner, path) => {
      if (!cold(`${name} ${formOf(module, point, inner.to, plain)}`)) return false;
      const callee = module.functions.length + added.functions.length;
      const region = regionOf(module, point, inner, path, { locals, all, callee, slots });
      if (!region) return false;
      added.functions.push({ ...region, name: `${REGION} ${added.functions.length} ${name}` });
      calls.push([point, inner.to, region.call]);
      return true;
    });
    return replaced(bytes, from, to, calls);
  });
  return { bytes: withCode(module, bodies, added), names: added.functions.map(({ name }) => name) };
}

// One region as a function and its call, or null where that would not be worth it. `slots` gives
// the numbers of a type, and of the nth global of a type to hand values back in.
function regionOf(module, from, list, path, { locals, all, callee, slots }) {
  const { fall, outs } = waysOut(module, from, list, path);
  const ways = [...(fall ? [FALL] : []), ...outs].map((far) => {
    const carries = far === FALL ? list.type.results : carried(path[path.length - 1 - far]);
    return { far, type: carries[0] ?? VOID, odd: carries.length > 1 };
  });
  const { passed, own, changed } = handed(module, from, list, path, all, ways.length > 0);
  if (ways.some(({ odd }) => odd) || changed.length > MOST_CHANGED) return null;
  const byType = (all) => [...all].sort((a, b) => locals[a] - locals[b] || a - b);
  const order = [...byType(passed), ...byType(own)];
  const nth = new Map();
  const next = (type) => {
    nth.set(type, (nth.get(type) ?? -1) + 1);
    return slots.global(type, nth.get(type));
  };
  const spills = changed.map((local) => ({ local, global: next(locals[local]) }));
  if (ways.length > 1) {
    const values = new Map();
    for (const way of ways.filter(({ type }) => type !== VOID)) {
      if (!values.has(way.type)) values.set(way.type, next(way.type));
      way.global = values.get(way.type);
    }
  }
  const call = callOf(callee, byType(passed), ways, spills);
  if (call.length + CALL_BYTES > list.to - from) return null;
  const place = (far) => ways.findIndex((way) => way.far === far);
  const label = (far) => (far === 0 && list.op !== LOOP ? 0 : place(far));
  const copy = copied(module, from, list, path, (each) => order.indexOf(each), label);
  const only = ways.map(({ type }) => type).filter((type) => type !== VOID);
  const results = ways.length > 1 ? [I32] : only;
  return {
    call,
    type: slots.type(byType(passed).map((each) => locals[each]), results),
    body: Buffer.from([
      ...vector(byType(own).map((each) => [1, locals[each]])), ...laddered(copy, ways),
      ...spills.flatMap(({ local, global }) =>
        [GET, ...number(order.indexOf(local)), GLOBAL_SET, ...number(global)]),
      END,
    ]),
  };
}

// Which locals a region is passed, which are its own, and which of the passed ones it hands back:
// what others read, or itself when it is run again.
function handed(module, from, list, path, all, ends) {
  const { read, written } = uses(module, from, list.to);
  const inside = reads(module, from, list.to);
  const looped = path.some(({ op }) => op === LOOP);
  const changed = [...written].filter((each) => ends && (
    (all.get(each) || 0) > (inside.get(each) || 0) || (looped && read.has(each))));
  const passed = new Set([...read, ...changed]);
  return { passed, changed, own: [...written].filter((each) => !passed.has(each)) };
}

// What stands in the region's place. Of several ways out the call gives the number; a way that
// carries a value finds it in a global.
function callOf(callee, passed, ways, spills) {
  const call = [
    ...passed.flatMap((each) => [GET, ...number(each)]),
    CALL, ...number(callee),
    ...spills.flatMap(({ local, global }) =>
      [GLOBAL_GET, ...number(global), SET, ...number(local)]),
  ];
  if (ways.length === 0) return [...call, UNREACHABLE];
  const [{ far: only, global: value }] = ways;
  if (ways.length === 1) return only === FALL ? call : [...call, BR, ...number(only)];
  const found = value === undefined ? [] : [GLOBAL_GET, ...number(value)];
  const fall = only === FALL;
  if (ways.length === 2 && fall && ways[1].type === VOID) {
    return [...call, BR_IF, ...number(ways[1].far), ...found];
  }
  // A block for each way that carries a value, and one for the fall, around a table of labels.
  const valued = ways.filter(({ far, type }) => far !== FALL && type !== VOID);
  const depth = valued.length + (fall ? 1 : 0);
  const labels = ways.map((way) => {
    if (way.far === FALL) return valued.length;
    return valued.includes(way) ? valued.indexOf(way) : way.far + depth;
  });
  return [
    ...Array.from({ length: depth }, () => [BLOCK, VOID]).flat(), ...call,
    BR_TABLE, ...number(labels.length - 1), ...labels.flatMap(number),
    ...valued.flatMap(({ far, global }, index) =>
      [END, GLOBAL_GET, ...number(global), BR, ...number(far + depth - index - 1)]),
    ...(fall ? [END, ...found] : []),
  ];
}

// A region's instructions with a block for each way out around them.
function laddered(copy, ways) {
  if (ways.length === 0) return copy;
  if (ways.length === 1) return [BLOCK, ways[0].type, ...copy, END];
  return [
    BLOCK, I32, ...[...ways].reverse().flatMap(({ type }) => [BLOCK, type]), ...copy,
    ...ways.flatMap(({ global }, index) => [
      END, ...(global === undefined ? [] : [GLOBAL_SET, ...number(global)]),
      ...constant(index), BR, ...number(ways.length - 1 - index),
    ]),
    END,
  ];
}
