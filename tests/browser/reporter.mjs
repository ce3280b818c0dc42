// One line a test, failures in full, and a closing line that counts.

import { relative } from "node:path";

export default async function* reporter(source) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  for await (const { type, data } of source) {
    if (type === "test:stdout" || type === "test:stderr") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details?.type === "suite") continue;
    const kind = type === "test:fail" ? "failed" : data.skip !== undefined ? "skipped" : "passed";
    // A file that cannot be loaded is reported as a failed test named after the file.
    if (kind === "passed" && data.nesting === 0 && data.name === data.file) continue;
    counts[kind] += 1;
    const file = data.file ? relative(process.cwd(), data.file) : "";
    const ms = Math.round(data.details?.duration_ms ?? 0);
    yield `${kind === "passed" ? "ok" : kind.toUpperCase()}  ${data.name} (${ms} ms)\n`;
    if (kind === "failed") failures.push({ ...data, file });
  }
  for (const { name, file, line, details } of failures) {
    const cause = details.error?.cause ?? details.error;
    const text = String(cause?.stack ?? cause).replace(/\n/g, "\n  ");
    yield `\nFAILED ${name}\n  ${file}:${line}\n  ${text}\n`;
  }
  const skipped = counts.skipped ? `, ${counts.skipped} skipped` : "";
  yield `\nbrowser: ${counts.passed} passed, ${counts.failed} failed${skipped}\n`;
}
