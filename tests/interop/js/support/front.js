// A real proxy in front of two fixtures, with the configuration of deploy/ as it is but for ports and places.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Fixture } from "./fixture.js";
import { accepts, freePorts } from "./ports.js";
import { within } from "./wait.js";

const deploy = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../../../deploy");
/** Where Debian has its daemons. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const START_MS = 10_000;
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Both proxies: their file, what stands there for a place of the test, and how they are started in the foreground. */
export const proxies = {
  nginx: {
    file: "nginx.conf",
    places: (at) => [
      ["listen 80;", `listen 127.0.0.1:${at.http};`],
      ["listen 443 ssl;", `listen 127.0.0.1:${at.https} ssl;`],
      ["/etc/nginx/tls/lobby.crt", at.certificate],
      ["/etc/nginx/tls/lobby.key", at.key],
      ["worker_rlimit_nofile 200000;", ""],
      ["worker_connections 50000;", "worker_connections 1000;"],
      ["http {", `http {\n${writable(at.folder)}`],
    ],
    command: (file, folder) => ["nginx", "-c", file, "-g", `daemon off; pid ${folder}/pid; error_log stderr warn;`],
  },
  haproxy: {
    file: "haproxy.cfg",
    places: (at) => [
      ["bind :80", `bind 127.0.0.1:${at.http}`],
      ["bind :443", `bind 127.0.0.1:${at.https}`],
      ["/etc/haproxy/tls/lobby.pem", at.pem],
      ["maxconn 50000", "maxconn 1000"],
      ["9001", at.operations[0]],
      ["9002", at.operations[1]],
    ],
    command: (file) => ["haproxy", "-db", "-f", file],
  },
};

export class Front {
  #child;
  #folder = mkdtempSync(path.join(tmpdir(), "greenroom-front-"));

  /** Two processes of one server behind this proxy; `settings` are of both. */
  static async raise(proxy, settings = {}) {
    const front = new Front();
    try {
      await front.#raise(proxies[proxy], settings);
    } catch (error) {
      await front.fall();
      throw error;
    }
    return front;
  }

  async #raise({ file, places, command }, settings) {
    // nginx keeps large bodies in files, as another user.
    chmodSync(this.#folder, 0o755);
    const [http, https, ...operations] = await freePorts(4);
    this.fixtures = [];
    for (const [index, port] of operations.entries()) {
      const own = { NODE: index + 1, OPERATIONS_PORT: port, TRUSTED_PROXIES: "127.0.0.1", ...settings };
      this.fixtures.push(await Fixture.start(own));
    }
    const at = { http, https, operations, folder: this.#folder, ...certified(this.#folder) };
    const ours = this.fixtures.map(({ port }, index) => [`127.0.0.1:700${index + 1}`, `127.0.0.1:${port}`]);
    let text = readFileSync(path.join(deploy, file), "utf8");
    for (const [theirs, place] of [...places(at), ...ours]) {
      if (!text.includes(theirs)) throw new Error(`${file} has no ${theirs}`);
      text = text.replaceAll(theirs, place);
    }
    const configuration = path.join(this.#folder, file);
    writeFileSync(configuration, text);
    this.url = `https://127.0.0.1:${https}`;
    this.insecure = `http://127.0.0.1:${http}`;
    await this.#start(command(configuration, this.#folder), https);
  }

  async #start([program, ...args], port) {
    const child = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    let said = "";
    child.stderr.on("data", (chunk) => (said += chunk));
    child.once("error", (error) => (said += error));
    const deadline = Date.now() + START_MS;
    while (!(await accepts(port))) {
      if (child.pid === undefined || child.exitCode !== null) throw new Error(`${program} ended:\n${said}`);
      if (Date.now() > deadline) throw new Error(`${program} does not listen after ${START_MS} ms:\n${said}`);
      await pause(10);
    }
  }

  /** Ends the proxy, its fixtures, and what they wrote. */
  async fall() {
    if (running.has(this.#child)) {
      const exit = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await within(exit, "the proxy to end");
    }
    await Promise.all((this.fixtures ?? []).map((fixture) => fixture.end()));
    rmSync(this.#folder, { recursive: true });
  }
}

/** nginx wants to write where only root may. */
function writable(folder) {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return [...kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`), "access_log off;"].join("\n");
}

function certified(folder) {
  const [certificate, key, pem] = ["crt", "key", "pem"].map((kind) => path.join(folder, `lobby.${kind}`));
  const subject = ["-subj", "/CN=localhost", "-days", "1", "-nodes"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const args = ["req", "-x509", ...curve, ...subject, "-keyout", key, "-out", certificate];
  execFileSync("openssl", args, { stdio: "pipe" });
  writeFileSync(pem, readFileSync(certificate, "utf8") + readFileSync(key, "utf8"));
  return { certificate, key, pem };
}
