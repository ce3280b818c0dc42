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

const I32 = 0x7f, VOID = 0x40;
const BLOCK = 0x02, LOOP = 0x03, IF = 0x04, ELSE = 0x05, END = 0x0b;
const BR = 0x0c, BR_IF = 0x0d, BR_TABLE = 0x0e, RETURN = 0x0f, UNREACHABLE = 0x00;
const CALL = 0x10, GET = 0x20, SET = 0x21, TEE = 0x22, GLOBAL_GET = 0x23, GLOBAL_SET = 0x24;
const CONST = 0x41, EQ = 0x46;

// Shorter ones cost more than they save.
const LEAST = 12;
// More locals to hand back than this would cost too much.
const MOST_CHANGED = 8;
// The way out that is no branch.
const FALL = -1;
// How names of regions that were taken out begin.
export const REGION = "region";

// What wasm-opt's stub for a later function comes to, and what makes it worth the trouble.
const CALL_BYTES = 8;

export class Reader {
  constructor(bytes, at = 0) { this.bytes = bytes; this.at = at; }
  byte() { return this.bytes[this.at++]; }
  number() {
    let value = 0, shift = 0, byte;
    do { byte = this.byte(); value += (byte & 127) * 2 ** shift; shift += 7; } while (byte > 127);
    return value;
  }
  signed() {
    let value = 0n, shift = 0n, byte;
    do { byte = this.byte(); value |= BigInt(byte & 127) << shift; shift += 7n; } while (byte > 127);
    return Number(BigInt.asIntN(Number(shift), value));
  }
  skip() { while (this.byte() > 127); }
  text() { const size = this.number(); return Buffer.from(this.bytes.subarray(this.at, this.at += size)).toString(); }
  many(read) { return Array.from({ length: this.number() }, (_, index) => read(index)); }
}

// [{ id, start, content, end }]: where a section begins, where its content does, where it ends.
export function sections(bytes) {
  const found = [];
  for (const reader = new Reader(bytes, 8); reader.at < bytes.length;) {
    const start = reader.at, id = reader.byte(), size = reader.number(), content = reader.at;
    reader.at += size;
    found.push({ id, start, content, end: reader.at });
  }
  return found;
}

function number(value) {
  const bytes = [];
  do { bytes.push((value & 127) | (value > 127 ? 128 : 0)); value >>>= 7; } while (value);
  return bytes;
}
const constant = (value) => [CONST, ...(value < 64 ? [value] : [value & 127 | 128, value >> 7])];
const vector = (all) => [...number(all.length), ...all.flat()];
const text = (value) => { const bytes = [...Buffer.from(value)]; return [...number(bytes.length), ...bytes]; };
const section = (id, content) => Buffer.concat([
  Buffer.from([id, ...number(content.length)]), Buffer.from(content),
]);

// What the sections before the code say: types, types of functions, globals, names.
export function moduleOf(bytes) {
  const all = sections(bytes);
  const within = (id) => all.find((each) => each.id === id);
  const at = (id) => new Reader(bytes, within(id).content);
  const types = (() => { const r = at(1); return r.many(() => {
    r.byte();
    return { params: r.many(() => r.byte()), results: r.many(() => r.byte()) };
  }); })();
  const limits = (r) => { const flag = r.byte(); r.number(); if (flag & 1) r.number(); };
  const functions = [];
  let globals = 0;
  if (within(2)) {
    const r = at(2);
    r.many(() => {
      r.text(); r.text();
      const kind = r.byte();
      if (kind === 0) functions.push(r.number());
      else if (kind === 1) { r.byte(); limits(r); }
      else if (kind === 2) limits(r);
      else { r.byte(); r.byte(); globals += 1; }
    });
  }
  const imported = functions.length;
  { const r = at(3); r.many(() => functions.push(r.number())); }
  globals += at(6).number();
  const names = [];
  const custom = all.find(({ id, content }) => id === 0 && new Reader(bytes, content).text() === "name");
  const r = new Reader(bytes, custom.content);
  r.text();
  while (r.at < custom.end) {
    const kind = r.byte(), size = r.number(), end = r.at + size;
    if (kind === 1) r.many(() => { names[r.number()] = r.text(); });
    r.at = end;
  }
  const code = at(10);
  const bodies = code.many(() => { const size = code.number(), from = code.at; code.at += size; return { from, to: code.at }; });
  return { bytes, all, types, functions, imported, globals, names, bodies };
}

// What each function that is not imported consists of.
export function bodiesOf(bytes) {
  return moduleOf(bytes).bodies.map(({ from, to }) => bytes.subarray(from, to));
}

// `bytes` with other names for those functions.
export function renamed(bytes, names) {
  const module = moduleOf(bytes);
  names.forEach((name, index) => { module.names[module.imported + index] = name; });
  return withCode(module, bodiesOf(bytes), { types: [], functions: [], globals: [] });
}

// Reads one instruction's operands: `see(kind, value)` for those that have a meaning elsewhere.
// Returns nothing; the reader stands behind the instruction.
function operands(op, r, see) {
  if (op === BLOCK || op === LOOP || op === IF) see("block", r.signed());
  else if (op === BR || op === BR_IF) see("label", r.number());
  else if (op === BR_TABLE) see("labels", [...r.many(() => r.number()), r.number()]);
  else if (op === CALL || op === 0xd2) see("function", r.number());
  else if (op === 0x11) { see("type", r.number()); r.skip(); }
  else if (op === 0x1c) r.many(() => r.byte());
  else if (op >= GET && op <= TEE) see("local", r.number());
  else if (op === GLOBAL_GET || op === GLOBAL_SET) see("global", r.number());
  else if (op === 0x25 || op === 0x26) r.skip();
  else if (op >= 0x28 && op <= 0x3e) { r.skip(); r.skip(); }
  else if (op === 0x3f || op === 0x40) r.skip();
  else if (op === CONST || op === 0x42) see("const", r.skip());
  else if (op === 0x43) r.at += 4;
  else if (op === 0x44) r.at += 8;
  else if (op === 0xd0) r.byte();
  else if (op === 0xfc) {
    const more = r.number();
    see("more", more);
    for (let left = [2, 1, 2, 1, 2, 1, 2, 1, 1, 1][more - 8] ?? 0; left > 0; left -= 1) r.skip();
  } else if (!(op <= 1 || op === ELSE || op === END || op === RETURN || op === 0x1a || op === 0x1b ||
    (op >= 0x45 && op <= 0xc4) || op === 0xd1)) throw new Error(`an unknown instruction ${op}`);
}

// By how much an instruction without a list of its own changes the height of the stack.
function effect(op, more, value, module) {
  if (op === CALL) { const t = module.types[module.functions[value]]; return t.results.length - t.params.length; }
  if (op === 0x11) { const t = module.types[value]; return t.results.length - t.params.length - 1; }
  if (op === 0x1a || op === SET || op === GLOBAL_SET || op === BR_IF) return -1;
  if (op === GET || op === GLOBAL_GET || op === 0x3f || (op >= CONST && op <= 0x44) ||
    op === 0xd0 || op === 0xd2) return 1;
  if (op === 0x1b || op === 0x1c || op === 0x26 || (op >= 0x36 && op <= 0x3e)) return -2;
  if (op === 0xfc) return more < 8 ? 0 : [-3, 0, -3, -3, -3, 0, -3, -1, 1, -3][more - 8];
  const two = (op >= 0x46 && op <= 0x4f) || (op >= 0x51 && op <= 0x66) || (op >= 0x6a && op <= 0x78) ||
    (op >= 0x7c && op <= 0x8a) || (op >= 0x92 && op <= 0x98) || (op >= 0xa0 && op <= 0xa6);
  return two ? -1 : 0;
}

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
      if (code === IF && r.bytes[r.at - 1] === ELSE) list.lists.push(listOf(r, module, code, inner, true));
      height += inner.results.length - inner.params.length - (code === IF ? 1 : 0);
      wanted = true;
    } else if (ends(code)) list.dead = true;
    else {
      height += effect(code, more, value, module);
      if (code === BR_IF) wanted = true;
    }
    if (code === BR_IF && height < 0) throw new Error("a stack below nothing");
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
  r.many(() => { const count = r.number(), type = r.byte(); for (let i = 0; i < count; i += 1) types.push(type); });
  return { types, at: r.at };
}

// What the labels of a list carry.
const carried = (list) => (list.op === LOOP ? list.type.params : list.type.results);

// A region's name: how its instructions look, without numbers that other code decides.
function formOf(module, from, to, plain) {
  const hash = createHash("sha256");
  const r = new Reader(module.bytes, from);
  const form = [];
  while (r.at < to) {
    const op = r.byte();
    form.push(op);
    operands(op, r, (kind, value) => {
      if (kind === "function") form.push(plain(module.names[value] || ""));
      else if (kind !== "const" && kind !== "local" && kind !== "global" && kind !== "type") form.push(value);
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
  const list = listOf(
    new Reader(module.bytes, at), module, 0, module.types[module.functions[module.imported + index]], false,
  );
  return { types, at, list };
}

// `bytes` with a mark, a byte of memory from `base` on, set wherever a function or a region begins;
// returns the names as well: [{ name, inside }], `inside` being the mark around it or -1.
export function marked(bytes, base, plain) {
  const module = moduleOf(bytes);
  const names = [];
  const mark = (name, inside) => {
    names.push({ name, inside });
    return [CONST, 0, CONST, 1, 0x3a, 0, ...number(base + names.length - 1)];
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
  return { bytes: withCode(module, bodies, { types: [], functions: [], globals: [] }), names };
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

// Puts the sections together again: other bodies, and functions, types and globals behind the rest.
function withCode(module, bodies, { types, functions, globals }) {
  const { bytes, all } = module;
  const sized = [...bodies, ...functions.map(({ body }) => body)]
    .flatMap((body) => [Buffer.from(number(body.length)), body]);
  const more = (id, added) => {
    const { content, end } = all.find((each) => each.id === id);
    const r = new Reader(bytes, content);
    const count = r.number();
    return section(id, Buffer.concat([
      Buffer.from(number(count + added.length)), bytes.subarray(r.at, end), Buffer.from(added.flat()),
    ]));
  };
  const value = (list) => vector(list.map((type) => [type]));
  const zero = { [I32]: [CONST, 0], 0x7e: [0x42, 0], 0x7d: [0x43, 0, 0, 0, 0], 0x7c: [0x44, 0, 0, 0, 0, 0, 0, 0, 0] };
  const changed = {
    1: () => more(1, types.map(({ params, results }) => [0x60, ...value(params), ...value(results)])),
    3: () => more(3, functions.map(({ type }) => number(type))),
    6: () => more(6, globals.map((type) => [type, 1, ...zero[type], END])),
    10: () => section(10, Buffer.concat([
      Buffer.from(number(bodies.length + functions.length)), ...sized,
    ])),
    0: ({ content, start, end }) => {
      if (new Reader(bytes, content).text() !== "name") return bytes.subarray(start, end);
      const names = Array.from(module.functions, (_, index) => module.names[index]);
      functions.forEach(({ name }) => names.push(name));
      const list = names.map((name, index) => name && [...number(index), ...text(name)]).filter(Boolean);
      const inner = Buffer.from(vector(list));
      return section(0, Buffer.concat([
        Buffer.from(text("name")), Buffer.from([1, ...number(inner.length)]), inner,
      ]));
    },
  };
  return Buffer.concat([
    bytes.subarray(0, 8),
    ...all.map((each) => (changed[each.id] ? changed[each.id](each) : bytes.subarray(each.start, each.end))),
  ]);
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
      if (kind === "labels") made = [op, ...number(value.length - 1), ...value.flatMap((each) => number(led(each)))];
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

// One region as a function and its call, or null where that would not be worth it. `slots` gives the
// numbers of a type, and of the nth global of a type to hand values back in.
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
  const next = (type) => { nth.set(type, (nth.get(type) ?? -1) + 1); return slots.global(type, nth.get(type)); };
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
  const label = (far) => (far === 0 && list.op !== LOOP ? 0 : ways.findIndex((way) => way.far === far));
  const copy = copied(module, from, list, path, (each) => order.indexOf(each), label);
  const results = ways.length > 1 ? [I32] : ways.filter(({ type }) => type !== VOID).map(({ type }) => type);
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
    ...spills.flatMap(({ local, global }) => [GLOBAL_GET, ...number(global), SET, ...number(local)]),
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
