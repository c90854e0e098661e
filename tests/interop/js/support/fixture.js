// The server under test as a child process: started, stopped, killed, started again on the same port.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { within } from "./wait.js";

const START_MS = 15_000;
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/** The key that the fixture checks tokens with. */
export const JWT_SECRET = "interop-0123456789abcdef0123456789abcdef";

/** Whether the reference implementation stands in for the server under test. */
export const isOracle = process.env.INTEROP_ORACLE === "1";

export class Fixture {
  #child;
  #settings;

  /** What it has said. */
  lines = [];

  constructor(settings) {
    this.#settings = { PING_INTERVAL_MS: 25_000, JWT_SECRET, ...settings };
  }

  static async start(settings = {}) {
    const fixture = new Fixture(settings);
    await fixture.start();
    return fixture;
  }

  /** Starts the process; a second start takes the port of the first. */
  async start() {
    if (!process.env.FIXTURE_BIN) throw new Error("FIXTURE_BIN is not set: use tests/interop/run.sh");
    const { PROGRAM, ...configured } = this.#settings;
    const binary = PROGRAM ? join(dirname(process.env.FIXTURE_BIN), PROGRAM) : process.env.FIXTURE_BIN;
    const settings = { ...configured, PORT: this.port ?? 0 };
    const child = spawn(binary, [], { env: { ...process.env, ...settings }, stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    this.port = await within(this.#listens(child), "the fixture to listen", START_MS);
  }

  #listens(child) {
    const lines = createInterface({ input: child.stdout });
    return new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        this.lines.push(line);
        const port = /^listening 127\.0\.0\.1:(\d+)$/.exec(line)?.[1];
        if (port) resolve(Number(port));
      });
      child.once("exit", (code) => reject(new Error(`the fixture ended with ${code} before it listened`)));
    });
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Ends the process by this signal, waits for its end, and says how it was. */
  async end(signal = "SIGKILL", ms = undefined) {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const closed = once(child, "close");
      child.kill(signal);
      await within(closed, `the fixture to end on ${signal}`, ms);
    }
    return child.exitCode;
  }
}
