// The benchmark job as wasm under node: node run.mjs bench.wasm [SIZE…]
// CPU time of this process, heap grown beforehand, median of five after one run to warm up.

import { readFile } from "node:fs/promises";

const RUNS = 5;
const RESERVE = 256 * 1024 * 1024;
const [file, ...sizes] = process.argv.slice(2);
const replicas = sizes.length ? sizes.map(Number) : [10, 100, 1_000, 10_000];
const module = await WebAssembly.compile(await readFile(file));

const columns = ["policy      ", "     R", "  CPU ms", "   pods/s", " wakes/pod", " reconciles/pod",
  " writes/pod", " visits/pod", " bytes/pod", " history B/wake"];
console.log(columns.join(" "));

function once(job, order, size) {
  const alive = job.live();
  const start = process.cpuUsage();
  job.start(order, size);
  while (!job.step());
  const used = process.cpuUsage(start);
  const whole = job.live();
  const counts = [0, 1, 2, 3, 4].map((index) => job.count(index));
  job.forget();
  const bytes = job.live() - alive;
  const history = whole - job.live();
  job.finish();
  return { ms: (used.user + used.system) / 1000, bytes, history, counts };
}

for (const [order, name] of ["Parallel", "OrderedReady"].entries()) {
  for (const size of replicas) {
    const { exports: job } = await WebAssembly.instantiate(module, {});
    job.reserve(RESERVE);
    once(job, order, size);
    const runs = Array.from({ length: RUNS }, () => once(job, order, size));
    const ms = runs.map((run) => run.ms).sort((a, b) => a - b)[RUNS >> 1];
    const { bytes, history, counts: [ready, wakes, reconciles, writes, visits] } = runs.at(-1);
    const perPod = (n) => (n / size).toFixed(1);
    const cells = [name, size, ms.toFixed(1), (ready * 1000 / Math.max(ms, 0.001)).toFixed(0),
      perPod(wakes), perPod(reconciles), perPod(writes), perPod(visits),
      (bytes / size).toFixed(0), (history / Math.max(wakes, 1)).toFixed(0)];
    console.log(cells.map((cell, i) => i ? String(cell).padStart(columns[i].length)
      : String(cell).padEnd(columns[i].length)).join(" "));
  }
}
