// The program is divided when it is built (split/). Here: regions that are taken out of a function
// (regions.mjs) change nothing of what it does, whatever way leads out of them.
//
// Not here: the page itself in two parts (boot.test.mjs).
import assert from "node:assert/strict";
import { test } from "node:test";
import binaryen from "binaryen";
import { marked, outlined } from "../../split/regions.mjs";

// One function for each way out of a region; `seen` is called so that none is too short to matter.
const WAT = `(module
  (memory (export "memory") 1 1)
  (global $count (mut i32) (i32.const 0))
  (func $seen (param i32) (param i64) (param f64)
    (global.set $count (i32.add (i32.mul (global.get $count) (i32.const 31)) (local.get 0))))
  (func (export "count") (result i32) (global.get $count))
  (func (export "falls") (param i32) (result i32) (local $x i32) (local $y i64)
    (local.set $x (i32.const 5))
    (if (i32.gt_s (local.get 0) (i32.const 3)) (then
      (local.set $x (i32.add (local.get $x) (local.get 0)))
      (local.set $y (i64.extend_i32_s (local.get $x)))
      (call $seen (local.get $x) (local.get $y) (f64.const 2))
      (call $seen (i32.const 7) (local.get $y) (f64.const 2))))
    (i32.add (local.get $x) (i32.wrap_i64 (local.get $y))))
  (func (export "gives") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (call $seen (local.get 0) (i64.const 1) (f64.const 1))
        (call $seen (i32.const 1) (i64.const 1) (f64.const 1))
        (i32.mul (local.get 0) (i32.const 3)))
      (else (call $seen (i32.const 9) (i64.const 1) (f64.const 1))
        (call $seen (i32.const 2) (i64.const 1) (f64.const 1)) (i32.const 11))))
  (func (export "returns") (param i32) (result i32)
    (if (i32.gt_s (local.get 0) (i32.const 2)) (then
      (call $seen (local.get 0) (i64.const 1) (f64.const 1))
      (call $seen (i32.const 3) (i64.const 1) (f64.const 1))
      (return (i32.add (local.get 0) (i32.const 100)))))
    (i32.const 1))
  (func (export "leaves") (param i32) (result i32) (local $x i32)
    (block $far (block $near (block $here
      (br_if $here (i32.eqz (local.get 0)))
      (call $seen (local.get 0) (i64.const 1) (f64.const 1))
      (local.set $x (i32.add (local.get $x) (i32.const 1)))
      (call $seen (i32.const 3) (i64.const 1) (f64.const 1))
      (br_if $near (i32.eq (local.get 0) (i32.const 2)))
      (local.set $x (i32.add (local.get $x) (i32.const 10)))
      (br_if $far (i32.eq (local.get 0) (i32.const 3))))
      (local.set $x (i32.add (local.get $x) (i32.const 100))))
      (local.set $x (i32.add (local.get $x) (i32.const 1000))))
    (local.get $x))
  (func (export "switches") (param i32) (result i32) (local $x i32)
    (block $c (block $b (block $a
      (br_if $a (i32.gt_u (local.get 0) (i32.const 90)))
      (call $seen (local.get 0) (i64.const 1) (f64.const 1))
      (call $seen (i32.const 4) (i64.const 1) (f64.const 1))
      (br_table $a $b $c $b (local.get 0)))
      (local.set $x (i32.add (local.get $x) (i32.const 1))))
      (local.set $x (i32.add (local.get $x) (i32.const 10))))
    (local.get $x))
  (func (export "loops") (param i32) (result i32) (local $i i32) (local $sum i32) (local $kept i32)
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (if (i32.and (local.get $i) (i32.const 1)) (then
        (local.set $kept (i32.add (i32.mul (local.get $kept) (i32.const 2)) (local.get $i)))
        (call $seen (local.get $kept) (i64.const 1) (f64.const 1))
        (call $seen (i32.const 5) (i64.const 1) (f64.const 1))
        (br_if $again (i32.eq (local.get $i) (i32.const 3)))
        (local.set $sum (i32.add (local.get $sum) (local.get $kept)))))
      (br_if $again (i32.lt_s (local.get $i) (local.get 0))))
    (local.get $sum))
  (func (export "traps") (param i32) (result i32)
    (if (i32.eq (local.get 0) (i32.const 4)) (then
      (call $seen (local.get 0) (i64.const 1) (f64.const 1))
      (call $seen (i32.const 6) (i64.const 1) (f64.const 1))
      (unreachable)))
    (local.get 0))
  (func (export "mixes") (param i32) (result i32) (local $x i32)
    (block $out
      (loop $again
        (br_if $out (i32.gt_s (local.get $x) (i32.const 50)))
        (local.set $x (i32.add (local.get $x) (i32.add (local.get 0) (i32.const 1))))
        (call $seen (local.get $x) (i64.const 1) (f64.const 1))
        (if (i32.eq (local.get $x) (i32.const 12)) (then (return (i32.const -12))))
        (br_if $again (i32.lt_s (local.get $x) (i32.const 40)))
        (br_if $out (i32.eq (local.get 0) (i32.const 6)))
        (local.set $x (i32.add (local.get $x) (i32.const 7)))))
    (local.get $x)))`;

const plain = (name) => name;

function built() {
  const module = binaryen.parseText(WAT);
  binaryen.setDebugInfo(true);
  return Buffer.from(module.emitBinary());
}

// What each function gives, and what it did on the way, for each input.
function answers(bytes) {
  const { count, memory, ...all } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  return Object.entries(all).flatMap(([name, call]) => [0, 1, 2, 3, 4, 5, 6, 7, 95].map((input) => {
    let result;
    try { result = call(input); } catch (error) { result = error.constructor.name; }
    return `${name}(${input}) = ${result}, ${count()}`;
  }));
}

test("a function without its regions does what it did", () => {
  const bytes = built();
  const wanted = answers(bytes);
  const { bytes: without, names } = outlined(bytes, () => true, () => false, plain);
  assert.equal(names.length, 9);
  assert.deepEqual(answers(without), wanted);
});

test("regions within regions do, too", () => {
  const bytes = built();
  const wanted = answers(bytes);
  // Of what is left, and of what was taken out, over again.
  let now = bytes, total = 0;
  for (let round = 0; round < 3; round += 1) {
    const cold = (name) => /[02468ace]$/.test(name) || round > 0;
    const { bytes: next, names } = outlined(now, cold, () => false, plain);
    now = next;
    total += names.length;
    assert.deepEqual(answers(now), wanted);
  }
  assert.ok(total >= 9, `${total} regions are too few to tell`);
});

test("marks tell which regions ran, and change nothing else", () => {
  const bytes = built();
  const { bytes: watched, names } = marked(bytes, 1024, plain);
  assert.deepEqual(answers(watched), answers(bytes));
  assert.ok(names.length >= 20, `${names.length} marks`);
  assert.ok(names.every(({ inside }, index) => inside < index));
  const { exports: all } = new WebAssembly.Instance(new WebAssembly.Module(watched));
  const seen = () => {
    const bytes = new Uint8Array(all.memory.buffer, 1024, names.length);
    return names.filter((_, place) => bytes[place]).length;
  };
  all.falls(1);
  const short = seen();
  all.falls(9);
  assert.equal(short, 1, "the function, and nothing within it");
  assert.equal(seen(), 3, "with the region, and what that calls");
});
