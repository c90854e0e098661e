/**
 * The server under test, as a child process.
 *
 * LOBBY_BIN names the executable. It is told its port in PORT, where the built
 * page lies in WEB_ROOT, and with what to sign tokens in JWT_SECRET.
 */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { accepts, freePorts } from "../interop/js/support/ports.js";

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const webRoot = path.join(repository, "client-demo/web/dist");

/** How long the server may take until it listens. */
const START_MS = 20_000;

/** How much of the server's own output is kept for a failure's report. */
const OUTPUT_KEPT = 8_000;

/** Ended with this process, however it ends. */
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class LobbyServer {
  #child = null;
  #output = "";

  constructor(binary, port) {
    this.binary = binary;
    this.port = port;
    this.secret = newSecret();
    /** How long a token is good, in seconds; nothing is the server's own default. */
    this.tokenSeconds = null;
    /** After how many seconds somebody is idle, and from then on away; nothing is the server's own default. */
    this.idleSeconds = null;
    this.awaySeconds = null;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts the server on a free port and returns when it listens. */
  static async start(settings = {}) {
    const binary = process.env.LOBBY_BIN;
    if (!binary) throw new Error("LOBBY_BIN must name the server's executable");
    if (!existsSync(path.join(webRoot, "index.html"))) {
      throw new Error("the page is not built: run `npm ci && npm run build` in client-demo/web");
    }
    const server = new LobbyServer(path.resolve(repository, binary), (await freePorts(1))[0]);
    Object.assign(server, settings);
    await server.restart();
    return server;
  }

  /** Starts again after `kill`, on the same port and with the same secret. */
  async restart() {
    const seconds = {
      TOKEN_SECONDS: this.tokenSeconds,
      IDLE_SECONDS: this.idleSeconds,
      AWAY_SECONDS: this.awaySeconds,
    };
    const given = Object.entries(seconds).filter(([, value]) => value !== null);
    const settings = Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
    const child = spawn(this.binary, [], {
      cwd: repository,
      env: { ...process.env, PORT: String(this.port), WEB_ROOT: webRoot, JWT_SECRET: this.secret, ...settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    running.add(child);
    child.on("exit", () => running.delete(child));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        this.#output = (this.#output + chunk).slice(-OUTPUT_KEPT);
      });
    }
    child.on("error", (error) => {
      this.#output += `\n${error}`;
    });
    await this.#listening(child);
  }

  /** Makes it deaf and mute, with all its connections open. */
  freeze() {
    this.#child.kill("SIGSTOP");
  }

  /** Ends it at once, as a crash would. */
  async kill() {
    const child = this.#child;
    this.#child = null;
    if (child === null || hasEnded(child)) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Other tokens are valid from the next start on. */
  changeSecret() {
    this.secret = newSecret();
  }

  async #listening(child) {
    const deadline = Date.now() + START_MS;
    while (!(await accepts(this.port))) {
      if (child.pid === undefined || hasEnded(child)) throw new Error(`the server ended:\n${this.#output}`);
      if (Date.now() > deadline) throw new Error(`nothing listens after ${START_MS} ms:\n${this.#output}`);
      await pause(20);
    }
  }
}

function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null;
}

function newSecret() {
  return randomBytes(32).toString("hex");
}
