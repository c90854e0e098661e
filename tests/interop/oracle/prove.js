// Proves that the suite can fail: under each fault of the oracle some test must go red.
// `node oracle/prove.js [word…]` tries the faults whose name has one of the words, by default all.

import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { faultNames } from "./faults.js";

const AT_ONCE = 2;
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const suite = path("../js/upgrade.test.js");
const words = process.argv.slice(2);
const chosen = faultNames.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));

const healthy = await firstFailure();
if (healthy) throw new Error(`"${healthy}" fails without any fault: nothing can be proved`);

const waiting = [...chosen];
const unnoticed = [];
await Promise.all(Array.from({ length: AT_ONCE }, work));
console.log(`faults ${chosen.length}\nnoticed ${chosen.length - unnoticed.length}`);
process.exitCode = chosen.length === 0 || unnoticed.length > 0 ? 1 : 0;

async function work() {
  for (let fault = waiting.shift(); fault; fault = waiting.shift()) {
    const test = await firstFailure(fault);
    if (!test) unnoticed.push(fault);
    console.log(test ? `ok - ${fault}: "${test}" fails` : `not ok - ${fault}: nobody notices`);
  }
}

/** Name of the first test that fails under the fault; the run ends there. */
async function firstFailure(fault = "") {
  const env = { ...process.env, FIXTURE_BIN: path("server.js"), INTEROP_ORACLE: "1", ORACLE_FAULT: fault, PATIENCE_MS: "2000" };
  const run = spawn(process.execPath, ["--test-reporter=tap", suite], { env, stdio: ["ignore", "pipe", "ignore"] });
  try {
    for await (const line of createInterface({ input: run.stdout })) {
      const test = /^ +not ok \d+ - (.*)$/.exec(line)?.[1];
      if (test) return test;
    }
  } finally {
    run.kill("SIGTERM");
  }
}
