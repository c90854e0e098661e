// What a suite plays on: one transport mode, one fixture, and the clients that a test opened, which end with it.

import { io as io4 } from "socket.io-client";
import io2 from "socket.io-client-2";
import { Fixture } from "./fixture.js";
import { Peer } from "./peer.js";
import { Proxy } from "./proxy.js";
import { until } from "./wait.js";

/** The three ways in which stock clients connect. */
export const modes = {
  polling: { transports: ["polling"] },
  websocket: { transports: ["websocket"] },
  upgrade: { transports: ["polling", "websocket"] },
};

/** Reconnection that does not make a test wait. */
const HASTE = { reconnectionDelay: 20, reconnectionDelayMax: 100, randomizationFactor: 0 };

export class Stage {
  #open = [];

  /** @param io `io` of the client's version; @param settings of every fixture of this stage */
  constructor(mode, io = io4, settings = {}) {
    this.mode = mode;
    this.io = io;
    this.settings = settings;
  }

  /** Options of a test of what only later clients can do. */
  get laterThan2() {
    return { skip: this.io === io2 && "version 2 has nothing like it" };
  }

  /** Whether one connection ends up as a WebSocket. */
  get endsAsWebSocket() {
    return this.mode !== "polling";
  }

  async raise(settings) {
    this.fixture = await Fixture.start({ ...this.settings, ...settings });
  }

  async fall() {
    await this.fixture.end();
  }

  /** Closes what the test opened, last first. */
  async clear() {
    for (const close of this.#open.splice(0).reverse()) await close();
  }

  /** A fixture of the test's own, to be killed or configured. */
  async ownFixture(settings) {
    const fixture = await Fixture.start({ ...this.settings, ...settings });
    this.#open.push(() => fixture.end());
    return fixture;
  }

  async proxy(options, fixture = this.fixture) {
    const proxy = await Proxy.before(fixture, options);
    this.#open.push(() => proxy.close());
    return proxy;
  }

  /** A client on its way, on a connection of its own. */
  client(namespace = "/", { url = this.fixture.url, ...options } = {}) {
    const socket = this.io(url + namespace, { ...modes[this.mode], ...HASTE, forceNew: true, ...options });
    this.#open.push(() => (socket.io._close ?? socket.io.close).call(socket.io));
    return new Peer(socket);
  }

  /** A client whose namespace is connected. */
  async connected(namespace, options) {
    const peer = this.client(namespace, options);
    await peer.next("connect");
    return peer;
  }

  /** A connected client on the transport where its mode ends. */
  async settled(namespace, options) {
    const peer = await this.connected(namespace, options);
    if (this.endsAsWebSocket) await until(() => peer.transport === "websocket", "the upgrade is done");
    return peer;
  }

  /** Several clients in one room. */
  crowd(size, room, options) {
    return Promise.all(
      Array.from({ length: size }, async () => {
        const peer = await this.connected("/", options);
        await peer.ask("join", room);
        return peer;
      }),
    );
  }

  /** Another namespace on the connection of a client. */
  alongside(peer, namespace, options) {
    return new Peer(peer.socket.io.socket(namespace, options));
  }
}

let rooms = 0;

/** A room name that no other test uses. */
export function freshRoom(prefix = "room") {
  rooms += 1;
  return `${prefix}-${rooms}`;
}
