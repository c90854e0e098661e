// Waiting for conditions, always with a bound: nothing in the suites sleeps for a fixed time.

import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";

/** Milliseconds after which what should happen counts as not happening. Generous: two busy cores. */
export const PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 8000);
const LOOK_EVERY_MS = 5;

/** The promise, or an error that names what was waited for. */
export async function within(promise, what, ms = PATIENCE_MS) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when the condition holds. */
export async function until(condition, what, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms until ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}
