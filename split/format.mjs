// The binary format of WebAssembly, as far as the other files here need it: reading and writing
// numbers, what the sections say, the operands of instructions, putting a module together again.
//
// Not here: checking. What is read comes from the compiler, and an engine checks what is written.
// Reference: WebAssembly Core Specification 2.0, chapter 5.

export const I32 = 0x7f, VOID = 0x40;
export const BLOCK = 0x02, LOOP = 0x03, IF = 0x04, ELSE = 0x05, END = 0x0b;
export const BR = 0x0c, BR_IF = 0x0d, BR_TABLE = 0x0e, RETURN = 0x0f, UNREACHABLE = 0x00;
export const CALL = 0x10, GET = 0x20, SET = 0x21, TEE = 0x22, GLOBAL_GET = 0x23;
export const GLOBAL_SET = 0x24, STORE8 = 0x3a, CONST = 0x41;

// How a global that is nothing yet begins, by its type.
const ZERO = {
  0x7f: [CONST, 0], 0x7e: [0x42, 0], 0x7d: [0x43, 0, 0, 0, 0],
  0x7c: [0x44, 0, 0, 0, 0, 0, 0, 0, 0], 0x70: [0xd0, 0x70], 0x6f: [0xd0, 0x6f],
};

// Reads from `at` on; `at` goes on with it.
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
    do {
      byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      shift += 7n;
    } while (byte > 127);
    return Number(BigInt.asIntN(Number(shift), value));
  }
  skip() { while (this.byte() > 127); }
  many(read) { return Array.from({ length: this.number() }, (_, index) => read(index)); }
  text() {
    const size = this.number(), from = this.at;
    this.at += size;
    return Buffer.from(this.bytes.subarray(from, this.at)).toString();
  }
}

export function number(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return [...bytes, value];
}

// i32.const of a small number.
export const constant = (value) =>
  [CONST, ...(value < 64 ? [value] : [value & 127 | 128, value >> 7])];

export const vector = (all) => [...number(all.length), ...all.flat()];

function text(value) {
  const bytes = [...Buffer.from(value)];
  return [...number(bytes.length), ...bytes];
}

const section = (id, ...content) => {
  const all = Buffer.concat(content.map((each) => Buffer.from(each)));
  return Buffer.concat([Buffer.from([id, ...number(all.length)]), all]);
};

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

const isNames = (bytes, { id, content }) =>
  id === 0 && new Reader(bytes, content).text() === "name";

// What the sections say: types, the type of each function (imported ones first), how many functions
// are imported and how many globals there are, names of functions, where the bodies are.
export function moduleOf(bytes) {
  const all = sections(bytes);
  const each = (id, read) => {
    const found = all.find((section) => section.id === id);
    if (!found) return [];
    const r = new Reader(bytes, found.content);
    return r.many(() => read(r));
  };
  const types = each(1, (r) => {
    r.byte();
    return { params: r.many(() => r.byte()), results: r.many(() => r.byte()) };
  });
  const imports = each(2, imported);
  const taken = imports.filter(({ kind }) => kind === 0).map(({ type }) => type);
  const inits = all.find(({ id }) => id === 6);
  return {
    bytes, all, types,
    functions: [...taken, ...each(3, (r) => r.number())],
    imported: taken.length,
    globals: imports.filter(({ kind }) => kind === 3).length +
      (inits ? new Reader(bytes, inits.content).number() : 0),
    names: namesOf(bytes, all),
    bodies: each(10, (r) => {
      const size = r.number(), from = r.at;
      r.at += size;
      return { from, to: r.at };
    }),
  };
}

// One import: its kind (0 a function, 1 a table, 2 a memory, 3 a global), a function's type.
function imported(r) {
  r.text();
  r.text();
  const kind = r.byte();
  if (kind === 0) return { kind, type: r.number() };
  if (kind !== 2) r.byte();
  const flag = r.byte();
  if (kind !== 3) { r.skip(); if (flag & 1) r.skip(); }
  return { kind };
}

function namesOf(bytes, all) {
  const names = [];
  const custom = all.find((section) => isNames(bytes, section));
  if (!custom) return names;
  const r = new Reader(bytes, custom.content);
  r.text();
  while (r.at < custom.end) {
    const kind = r.byte(), size = r.number(), end = r.at + size;
    if (kind === 1) r.many(() => { const index = r.number(); names[index] = r.text(); });
    r.at = end;
  }
  return names;
}

// What each function that is not imported consists of.
export function bodiesOf(bytes) {
  return moduleOf(bytes).bodies.map(({ from, to }) => bytes.subarray(from, to));
}

// `bytes` with other names for those functions.
export function renamed(bytes, names) {
  const module = moduleOf(bytes);
  names.forEach((name, index) => { module.names[module.imported + index] = name; });
  return withCode(module, bodiesOf(bytes));
}

// Puts a module together again: other bodies, and functions ({ type, body, name }), types and
// globals (their types) behind those that are there.
export function withCode(module, bodies, { types = [], functions = [], globals = [] } = {}) {
  const { bytes, all } = module;
  const kinds = (list) => vector(list.map((type) => [type]));
  const more = (id, added) => ({ content, end }) => {
    const r = new Reader(bytes, content);
    const count = r.number() + added.length;
    return section(id, number(count), bytes.subarray(r.at, end), added.flat());
  };
  const code = [...bodies, ...functions.map(({ body }) => body)];
  const changed = {
    1: more(1, types.map(({ params, results }) => [0x60, ...kinds(params), ...kinds(results)])),
    3: more(3, functions.map(({ type }) => number(type))),
    6: more(6, globals.map((type) => [type, 1, ...ZERO[type], END])),
    10: () => section(10, number(code.length), ...code.flatMap((body) =>
      [number(body.length), body])),
  };
  const names = Array.from(module.functions, (_, index) => module.names[index])
    .concat(functions.map(({ name }) => name));
  const named = vector(names.map((name, index) => name && [...number(index), ...text(name)])
    .filter(Boolean));
  return Buffer.concat([bytes.subarray(0, 8), ...all.map((each) => {
    if (isNames(bytes, each)) return section(0, text("name"), [1], number(named.length), named);
    return changed[each.id] ? changed[each.id](each) : bytes.subarray(each.start, each.end);
  })]);
}

// Reads an instruction's operands: `see(kind, value)` for each that means something elsewhere. The
// reader stands behind the instruction afterwards.
export function operands(op, r, see) {
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
  } else if (!(op <= 1 || op === ELSE || op === END || op === RETURN || op === 0x1a ||
    op === 0x1b || (op >= 0x45 && op <= 0xc4) || op === 0xd1)) {
    throw new Error(`an unknown instruction ${op}`);
  }
}

const between = (op, ...ranges) => ranges.some(([from, to]) => op >= from && op <= to);

// By how much an instruction without a list of its own changes the height of the stack; `more` is
// the second part of its number, `value` the function or type it names.
export function effect(op, more, value, module) {
  const called = ({ params, results }) => results.length - params.length;
  if (op === CALL) return called(module.types[module.functions[value]]);
  if (op === 0x11) return called(module.types[value]) - 1;
  if (op === 0xfc) return more < 8 ? 0 : [-3, 0, -3, -3, -3, 0, -3, -1, 1, -3][more - 8];
  if (op === GET || op === GLOBAL_GET || between(op, [0x3f, 0x3f], [CONST, 0x44]) ||
    op === 0xd0 || op === 0xd2) return 1;
  if (between(op, [0x1b, 0x1c], [0x26, 0x26], [0x36, 0x3e])) return -2;
  if (op === 0x1a || op === SET || op === GLOBAL_SET || op === BR_IF) return -1;
  // What makes one out of two.
  return between(op, [0x46, 0x4f], [0x51, 0x66], [0x6a, 0x78], [0x7c, 0x8a], [0x92, 0x98],
    [0xa0, 0xa6]) ? -1 : 0;
}
