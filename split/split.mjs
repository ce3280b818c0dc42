// Splits the built wasm in two: the first part holds what a page needs until somebody does
// something out of the ordinary; the later part the functions named in later.txt, and the regions
// of other functions that are named there (regions.mjs). It is fetched as soon as the page stands;
// whoever is earlier waits for it.
//
//   split.mjs split IN LATER.txt MAP FIRST REST GLUE
//                                              the two parts; MAP is the linker's, for the data,
//                                              GLUE the JavaScript, which gets shorter names
//   split.mjs watch IN OUT NAMES               IN, with a byte of memory for each function and
//                                              region, set when it runs; NAMES tells which is whose
//   split.mjs later NAMES USED OUT             the names that are in NAMES and not in USED
//
// How: in the first part each later function that anything there can reach is a stub, which calls
// `ensure` and then what stands at its place in the function table. The later part shares memory,
// tables and globals, and when it is instantiated puts the real functions at those places; what it
// calls in the first part it finds in the same table. `ensure` is an import of the page's own
// (static/parts.js), called as long as the later part is not there.
//
// Not here: which functions are wanted first; tests/browser/later.mjs watches a page to find out.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import binaryen from "../tests/browser/node_modules/binaryen/index.js";
import { Reader, sections } from "./format.mjs";
import { marked, outlined, REGION } from "./regions.mjs";

// The export that the page calls through, and where marks begin: the far end of the stack.
const ENSURE = "ensure";
const MARKS = 1024;
const WHOLE = "whole";
const NEED = "need";
// What the later part calls the first one.
const FIRST = "0";
// Called at more places than this, a function is worth an export.
const OFTEN = 20;

// Hashes differ from build to build, and so do the numbers that tell copies of a name apart.
const plain = (name) => name.replace(/\[[0-9a-f]{12,16}\]|::h[0-9a-f]{16}|_\d+$/g, "");

// What stands in later.txt for a name: a twentieth of its length.
const short = (name) => createHash("sha256").update(plain(name)).digest("hex").slice(0, 8);

// Where the data lie in the file: [{ address, at, size }], at being the place of the first byte.
function dataOf(bytes) {
  const reader = new Reader(bytes, sections(bytes).find(({ id }) => id === 11).content);
  return counted(reader.number(), () => {
    // Kind 0, i32.const ADDRESS, end, length: what the linker writes.
    if (reader.byte() !== 0 || reader.byte() !== 0x41) throw new Error("an unknown kind of data");
    const address = reader.number();
    reader.at += 1;
    const size = reader.number(), at = reader.at;
    reader.at += size;
    return { address, at, size };
  });
}

// The constants that the linker's map names: [{ address, size, near }], in order; none without a
// map. Of texts that end with a zero the map shows only all in one. `near` is how far beside a
// constant an address may begin that leads into it: texts are only ever named by their beginning,
// of tables a loop may name the entry before the first.
function constantsOf(mapName, bytes) {
  if (!existsSync(mapName)) return [];
  const line = /^ *([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+) {9}(\S+):\(\.rodata[^)]*\)$/;
  const at = placeIn(bytes);
  const map = readFileSync(mapName, "utf8");
  const [, start, whole] = /^ *([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+) \.rodata$/m.exec(map) || [];
  if (!dataOf(bytes).some(({ address, size }) =>
    address === parseInt(start, 16) && size === parseInt(whole, 16))) {
    throw new Error(`${mapName} tells of another program: touch src/main.rs and build again`);
  }
  return map.split("\n").map((each) => line.exec(each)).filter(Boolean)
    .flatMap(([, hex, length, from]) => {
      const [address, size] = [parseInt(hex, 16), parseInt(length, 16)];
      const content = bytes.subarray(at(address), at(address) + size);
      if (from === "<internal>") return endedByZero(address, content);
      const text = content.every((byte) => byte >= 9);
      return [{ address, size, near: text ? 0 : 16 }];
    });
}

function endedByZero(address, content) {
  const found = [];
  for (let start = 0; start < content.length;) {
    const end = content.indexOf(0, start) + 1 || content.length;
    found.push({ address: address + start, size: end - start, near: 0 });
    start = end;
  }
  return found;
}

// Where an address of the data lies in the file.
function placeIn(bytes) {
  const data = dataOf(bytes);
  return (address) => {
    const part = data.find((each) => address >= each.address && address < each.address + each.size);
    return part.at + address - part.address;
  };
}

// Numbers in the code of `module` that may be addresses.
function numbersIn(module) {
  const found = [];
  for (const [, value] of module.emitText().matchAll(/(?:const |offset=)(-?\d+)/g)) {
    const whole = BigInt.asUintN(64, BigInt(value));
    found.push(Number(whole & 0xffffffffn), Number(whole >> 32n));
  }
  return found;
}

// What `module` can reach: `numbers` are those in its code, in the data that are no constants, and
// in the constants among whose addresses one of these numbers is; `left` the other constants.
function reach(bytes, constants, module) {
  const words = new DataView(bytes.buffer, bytes.byteOffset);
  const at = placeIn(bytes);
  const reached = new Set();
  const numbers = new Set();
  const todo = [...numbersIn(module), ...outside(bytes, constants)];
  while (todo.length) {
    const address = todo.pop();
    if (numbers.has(address)) continue;
    numbers.add(address);
    let [low, high] = [0, constants.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const each = constants[middle];
      if (each.address + each.size + 16 <= address) low = middle + 1; else high = middle;
    }
    for (; low < constants.length && constants[low].address - 16 <= address; low += 1) {
      const { address: start, size, near } = constants[low];
      if (reached.has(low) || address < start - near || address >= start + size + near) continue;
      reached.add(low);
      for (let i = (4 - start % 4) % 4; i + 4 <= size; i += 4) {
        todo.push(words.getUint32(at(start + i), true));
      }
    }
  }
  const left = constants.filter((_, index) => !reached.has(index))
    .map(({ address, size }) => ({ address, bytes: bytes.slice(at(address), at(address) + size) }));
  return { left, numbers };
}

// The words of the data that lie in no constant.
function outside(bytes, constants) {
  const words = new DataView(bytes.buffer, bytes.byteOffset);
  const found = [];
  let next = 0;
  for (const { address, at, size } of dataOf(bytes)) {
    for (let i = (4 - address % 4) % 4; i + 4 <= size; i += 4) {
      while (next < constants.length &&
        constants[next].address + constants[next].size <= address + i) next += 1;
      if (next < constants.length && constants[next].address <= address + i) continue;
      found.push(words.getUint32(at + i, true));
    }
  }
  return found;
}

// Neighbours as one.
function together(constants) {
  const all = [];
  for (const { address, bytes } of constants) {
    const last = all.at(-1);
    if (last && last.address + last.bytes.length === address) {
      last.bytes = Buffer.concat([last.bytes, bytes]);
    } else all.push({ address, bytes });
  }
  return all;
}

// `bytes` with zeroes in place of these constants, which compress to nothing.
function without(bytes, constants) {
  const copy = Buffer.from(bytes);
  for (const { address, at, size } of dataOf(bytes)) {
    for (const each of constants) {
      const from = each.address - address;
      if (from >= 0 && from < size) copy.fill(0, at + from, at + from + each.bytes.length);
    }
  }
  return copy;
}

// The later part takes the memory as it is.
function withoutData(bytes) {
  const kept = sections(bytes).filter(({ id }) => id !== 11 && id !== 12);
  return Buffer.concat([
    bytes.subarray(0, 8), ...kept.map(({ start, end }) => bytes.subarray(start, end)),
  ]);
}

const counted = (count, at) => Array.from({ length: count }, (_, index) => at(index));

const functions = (module) => counted(module.getNumFunctions(), (i) => {
  const ref = module.getFunctionByIndex(i);
  const { name, module: from, base, params, results } = binaryen.getFunctionInfo(ref);
  return { ref, name, from, base, imported: from !== "", params, results };
});

const globals = (module) => counted(module.getNumGlobals(), (i) =>
  binaryen.getGlobalInfo(module.getGlobalByIndex(i)));

const tables = (module) => counted(module.getNumTables(), (i) =>
  binaryen.getTableInfo(module.getTableByIndex(i)).name);

const exportsOf = (module) => counted(module.getNumExports(), (i) =>
  binaryen.getExportInfo(module.getExportByIndex(i)));

// Which functions stand in a table, and from which place on.
const segments = (module) => counted(module.getNumElementSegments(), (i) => {
  const info = binaryen.getElementSegmentInfo(module.getElementSegmentByIndex(i));
  const { value } = binaryen.getExpressionInfo(info.offset);
  return { name: info.name, table: info.table, offset: value, functions: info.data };
});

// The function table is the one that has a segment.
function read(bytes) {
  const module = binaryen.readBinary(bytes);
  const [segment] = segments(module);
  return { module, segment, table: segment.table };
}

// As regions.mjs wants it: a local for each value, so that few are shared between regions.
function prepared(bytes) {
  const module = binaryen.readBinary(bytes);
  module.runPasses(["ssa-nomerge"]);
  binaryen.setDebugInfo(true);
  return Buffer.from(module.emitBinary());
}

function watch(bytes, outName, namesName) {
  const { bytes: watched, names } = marked(prepared(bytes), MARKS, plain);
  writeFileSync(outName, watched);
  writeFileSync(namesName, JSON.stringify({ base: MARKS, names }));
}

// Of regions, those in what is wanted first.
function later(namesName, usedName, outName) {
  const { names } = JSON.parse(readFileSync(namesName, "utf8"));
  const used = new Set(JSON.parse(readFileSync(usedName, "utf8")));
  const rest = names.filter(({ name, inside }) =>
    !used.has(name) && (inside < 0 || used.has(names[inside].name)));
  const lines = [...new Set(rest.map(({ name }) => short(name)))].sort();
  writeFileSync(outName, lines.join("\n") + "\n");
}

// `call` of a function through its place in the table.
function throughTable(module, table, place, { params, results }) {
  const types = binaryen.expandType(params);
  const operands = types.map((type, index) => module.local.get(index, type));
  return module.call_indirect(table, module.i32.const(place), operands, params, results);
}

// The first part: a stub in the place of each later function that it can reach, of those in the
// function table by `numbers`. Returns what the later part must know: the functions that moved, and
// at which places of the table those stand that anybody reaches.
function first(bytes, names, numbers) {
  const { module, segment, table } = read(bytes);
  const all = functions(module);
  const isLater = (name) => name.startsWith(`${REGION} `) || names.has(short(name));
  module.addGlobal(WHOLE, binaryen.i32, true, module.i32.const(0));
  module.addGlobalExport(WHOLE, WHOLE);
  const ensure = exportsOf(module).find((each) => each.name === ENSURE).value;
  module.addFunction(NEED, binaryen.none, binaryen.none, [], module.if(
    module.i32.eqz(module.global.get(WHOLE, binaryen.i32)),
    module.call(ensure, [], binaryen.none),
  ));
  const unwanted = (name, place) => isLater(name) && numbers && !numbers.has(place);
  module.removeElementSegment(segment.name);
  module.addActiveElementSegment(table, segment.name, segment.functions.map((name, index) => (
    unwanted(name, segment.offset + index) ? NEED : name
  )), module.i32.const(segment.offset));
  for (const { name, imported, params, results } of all) {
    if (imported || !isLater(name)) continue;
    module.removeFunction(name);
    module.addFunction(name, params, results, [], module.unreachable());
  }
  // Kept, whoever uses them.
  for (const { name } of globals(module)) module.addGlobalExport(name, label("g", name));
  for (const name of tables(module)) module.addTableExport(name, label("t", name));
  module.runPasses(["remove-unused-module-elements"]);
  const reached = new Set(functions(module).map(({ name }) => name));
  // What only later functions call is later, too.
  const moved = all.filter(({ name, imported }) =>
    !imported && (isLater(name) || !reached.has(name)));
  const places = new Map();
  segment.functions.forEach((name, index) => {
    if (!places.has(name)) places.set(name, []);
    places.get(name).push(segment.offset + index);
  });
  let end = segment.offset + segment.functions.length;
  for (const each of moved) {
    each.places = places.get(each.name) || (reached.has(each.name) ? [end++] : []);
    if (!reached.has(each.name) || !numbers) continue;
    const call = throughTable(module, table, each.places[0], each);
    binaryen.Function.setBody(module.getFunction(each.name), module.block(
      null, [module.call(NEED, [], binaryen.none), call], each.results,
    ));
  }
  resize(module, table, end);
  return { module, moved, end };
}

function resize(module, table, size) {
  binaryen._BinaryenTableSetInitial(module.getTable(table), size);
  binaryen._BinaryenTableSetMax(module.getTable(table), size);
}

// The later part: everything that stays behind is an import, everything that moved and is reached
// has its places in the table.
function rest(bytes, moved, end) {
  const { module, segment, table } = read(withoutData(bytes));
  const here = new Set(moved.map(({ name }) => name));
  for (const { name } of exportsOf(module)) module.removeExport(name);
  module.removeElementSegment(segment.name);
  for (const { name, imported, params, results } of functions(module)) {
    if (here.has(name)) continue;
    if (!imported) module.removeFunction(name);
    module.addFunctionImport(name, FIRST, name, params, results);
  }
  const placed = moved.flatMap(({ name, places }) => places.map((place) => [place, name]));
  placed.sort(([a], [b]) => a - b);
  for (let at = 0; at < placed.length;) {
    const run = [];
    const [start] = placed[at];
    while (at < placed.length && placed[at][0] === start + run.length) run.push(placed[at++][1]);
    module.addActiveElementSegment(table, `at${start}`, run, module.i32.const(start));
  }
  resize(module, table, end);
  // A table of its own would be dropped as unused, with all that stands in it.
  module.addTableImport(table, FIRST, table);
  module.runPasses(["remove-unused-module-elements"]);
  return module;
}

// A name for export and import.
const label = (kind, name) => `${kind}_` + name.replace(/\W/g, "");

// Lets `later` have what it takes from `first`: memory, tables, globals and what it calls often as
// exports with short names, other functions through places of the table from `end` on, which take
// less room than exports do. Returns where those end. `imports` are those of the whole.
function tie(later, first, imports, end, table) {
  const calls = new Map();
  for (const [, name] of later.emitText().matchAll(/\(call \$("[^"]*"|[^\s()]+)/g)) {
    const plain = name.replace(/^"|"$/g, "");
    calls.set(plain, (calls.get(plain) || 0) + 1);
  }
  const placed = [];
  let count = 0;
  const taken = functions(later).filter(({ imported }) => imported);
  taken.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const each of taken) {
    const { name, params, results } = each;
    const { from, base } = imports.get(name) || {};
    // An import of the whole that only later functions call.
    if (!first.getFunction(name)) first.addFunctionImport(name, from, base, params, results);
    if (calls.get(name) > OFTEN) {
      const number = (count++).toString(36);
      later.addFunctionImport(name, FIRST, number, params, results);
      first.addFunctionExport(name, number);
    } else {
      const call = throughTable(later, table, end + placed.length, each);
      later.removeFunction(name);
      later.addFunction(name, params, results, [], call);
      placed.push(name);
    }
  }
  first.addActiveElementSegment(table, "given", placed, first.i32.const(end));
  for (const { name, type, mutable } of globals(later)) {
    later.addGlobalImport(name, FIRST, label("g", name), type, mutable);
  }
  for (const name of tables(later)) later.addTableImport(name, FIRST, label("t", name));
  later.addMemoryImport(binaryen.getExportInfo(first.getExport("memory")).value, FIRST, "memory");
  return end + placed.length;
}

// Gives what `first` and its JavaScript have from each other short names, in both.
function shorten(first, glueName) {
  let glue = readFileSync(glueName, "utf8");
  let count = 0;
  const renamed = (name) => {
    const short = `$${(count++).toString(36)}`;
    glue = glue.replaceAll(new RegExp(`\\b${name}\\b`, "g"), () => short);
    return short;
  };
  for (const { name, imported, from, base, params, results } of functions(first)) {
    if (imported) first.addFunctionImport(name, from, renamed(base), params, results);
  }
  for (const { name, value, kind } of exportsOf(first)) {
    if (kind !== binaryen.ExternalFunction || !/^(__|wasm_bindgen_)/.test(name)) continue;
    first.removeExport(name);
    first.addFunctionExport(value, renamed(name));
  }
  writeFileSync(glueName, glue);
}

function split(input, namesName, mapName, firstName, restName, glueName) {
  const names = new Set(readFileSync(namesName, "utf8").split("\n").filter(Boolean));
  const { bytes: whole } = outlined(
    prepared(input), (name) => names.has(short(name)), (name) => names.has(short(name)), plain,
  );
  const found = first(whole, names);
  const { left, numbers } = reach(whole, constantsOf(mapName, whole), found.module);
  const bytes = without(whole, left);
  const { module, moved, end } = first(bytes, names, numbers);
  const later = rest(bytes, moved, end);
  later.setMemory(0, -1, null, together(left).map(({ address, bytes }) => (
    { offset: later.i32.const(address), data: new Uint8Array(bytes), passive: false }
  )));
  const imports = functions(read(bytes).module).filter(({ imported }) => imported);
  const { table } = read(bytes);
  const last = tie(later, module, new Map(imports.map((each) => [each.name, each])), end, table);
  for (const part of [module, later]) resize(part, table, last);
  shorten(module, glueName);
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  binaryen.setDebugInfo(true);
  writeFileSync(firstName, module.emitBinary());
  writeFileSync(restName, later.emitBinary());
}

const [verb, input, ...names] = process.argv.slice(2);
if (verb === "later") later(input, ...names);
else if (verb === "watch") watch(readFileSync(input), ...names);
else split(readFileSync(input), ...names);
