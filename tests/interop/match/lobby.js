// The lobby as a child process, and players with nothing but the stock client.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { Manager } from "socket.io-client";
import { until, within } from "../js/support/wait.js";

const SECRET = "match-0123456789abcdef0123456789abcdef";

export class Lobby {
  static async start() {
    const lobby = new Lobby();
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address();
    probe.close();
    await once(probe, "close");
    const folder = mkdtempSync(path.join(tmpdir(), "greenroom-match-"));
    const settings = { PORT: String(port), WEB_ROOT: folder, JWT_SECRET: SECRET, RUST_LOG: "off", RUST_BACKTRACE: "0" };
    const env = { ...process.env, ...settings, LOBBY__SERVER__ROOM_JOURNALS: folder };
    lobby.child = spawn(process.env.LOBBY_BIN, [], { env, cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    process.on("exit", () => lobby.child.kill("SIGKILL"));
    lobby.url = `http://127.0.0.1:${port}`;
    lobby.folder = folder;
    let up = false;
    const ask = () => fetch(lobby.url).then(() => (up = true), () => setTimeout(ask, 20));
    ask();
    await until(() => up, "the lobby listens", 20_000);
    return lobby;
  }

  async end() {
    this.child.kill("SIGKILL");
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "exit");
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What a panic has left, played again. */
  async replay() {
    let file;
    await until(() => (file = readdirSync(this.folder).find((name) => name.endsWith(".journal"))), "a journal");
    return execFileSync(process.env.LOBBY_BIN, ["replay", path.join(this.folder, file)], { encoding: "utf8" });
  }

  async player(name, transports) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${this.url}/login`, { method: "POST", headers, body: JSON.stringify({ name }) });
    return new Player(this.url, await response.json(), transports);
  }
}

/** Somebody with a token and one connection for the lobby and all games. */
export class Player {
  constructor(url, { token, user }, transports) {
    Object.assign(this, { url, token, user, sockets: [] });
    this.manager = new Manager(url, { transports, reconnectionDelay: 100, autoConnect: false });
  }

  connect(nsp, join) {
    const auth = { token: this.token, ...(join === undefined ? {} : { join }) };
    const socket = this.manager.socket(nsp);
    socket.auth = auth;
    this.sockets.push(socket);
    return socket.connect();
  }

  async enterLobby() {
    this.lobby = this.connect("/lobby");
    await within(new Promise((resolve) => this.lobby.once("connect", resolve)), "the lobby lets one in");
  }

  /** Asks the lobby; refusals are errors. */
  ask(event, payload) {
    return within(this.lobby.emitWithAck(event, payload), `an answer to ${event}`);
  }

  join(nsp, join) {
    return new Seat(this.connect(nsp, join));
  }

  leave() {
    for (const socket of this.sockets) socket.disconnect();
  }
}

/** A place in a game: the room's contract in thirty lines over the stock client. */
export class Seat {
  state = null;
  place = null;
  joined = [];
  heard = [];
  refusal = null;

  constructor(socket) {
    this.socket = socket;
    socket.on("joined", (joined) => this.joined.push(joined));
    socket.on("state", ({ e, o, full }) => {
      this.state = full;
      this.place = { e, o };
    });
    socket.on("patch", ({ from, o, d }) => {
      if (from !== this.place.o) return socket.emit("resync");
      this.state = merge(this.state, d);
      this.place.o = o;
    });
    socket.on("connect_error", (error) => (this.refusal = error.data));
    for (const event of ["fell", "won"]) socket.on(event, (seat) => this.heard.push([event, seat]));
  }

  async sees(condition, what, ms) {
    await until(() => this.state !== null && condition(this.state), what, ms);
  }

  do(event, ...args) {
    return within(this.socket.emitWithAck(event, ...args), `an answer to ${event}`);
  }

  async isInStep() {
    const { e, o, h } = await this.do("hash");
    return e === this.place.e && o === this.place.o && h === hash(this.state);
  }
}

/** RFC 7396. */
function merge(target, patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const merged = target !== null && typeof target === "object" && !Array.isArray(target) ? { ...target } : {};
  for (const key of Object.keys(patch)) {
    if (patch[key] === null) delete merged[key];
    else merged[key] = merge(merged[key], patch[key]);
  }
  return merged;
}

/** FNV-1a over the state, as framework/proto/src/room/tree/hash.rs says. */
function hash(value) {
  let sum = 0x811c9dc5;
  const bytes = (some) => some.forEach((byte) => (sum = Math.imul(sum ^ byte, 0x01000193)));
  const text = (some) => bytes(Buffer.from(`s${some}\0`));
  const walk = (some) => {
    if (typeof some === "string") return text(some);
    if (typeof some === "boolean") return bytes(Buffer.from(some ? "t" : "f"));
    if (typeof some === "number") {
      const double = Buffer.alloc(8);
      double.writeDoubleBE(some);
      return bytes(Buffer.concat([Buffer.from("n"), double]));
    }
    if (Array.isArray(some)) {
      bytes(Buffer.from("["));
      some.forEach(walk);
      return bytes(Buffer.from("]"));
    }
    if (some === null) return bytes(Buffer.from("z"));
    bytes(Buffer.from("{"));
    for (const key of Object.keys(some).sort()) {
      text(key);
      walk(some[key]);
    }
    bytes(Buffer.from("}"));
  };
  walk(value);
  return sum >>> 0;
}
