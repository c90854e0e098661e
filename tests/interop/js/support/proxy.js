// A TCP proxy between client and fixture that can hold or refuse WebSockets, cut connections, or let them go silent.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Proxy {
  #server;
  #target;
  #pairs = new Set();
  #held = [];
  #rule;

  /** `websockets`: "pass"; "hold" until `release()`; "refuse"; "mute" = what the client sends after the handshake is lost. */
  static async before(fixture, { websockets = "pass" } = {}) {
    const proxy = new Proxy();
    proxy.#target = fixture.port;
    proxy.#rule = websockets;
    proxy.#server = createServer((client) => proxy.#accept(client));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    proxy.url = `http://127.0.0.1:${proxy.#server.address().port}`;
    return proxy;
  }

  /** Lets held WebSockets through, and all later ones. */
  release() {
    this.#rule = "pass";
    for (const go of this.#held.splice(0)) go();
  }

  /** Whether the client rests: one connection, which is a WebSocket or a poll that waits for its answer. */
  get rests() {
    const [pair, ...others] = this.#pairs;
    return others.length === 0 && pair?.server !== undefined && pair.resting;
  }

  /** Cuts every connection; new ones pass. */
  cut() {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server?.destroy();
    }
  }

  /** From now on nothing passes on the connections that are open, both ways, their end included. */
  freeze() {
    for (const pair of this.#pairs) {
      pair.frozen = true;
      for (const side of [pair.client, pair.server]) side?.unpipe().pause();
    }
  }

  /** Says something to the client that rests, in place of the server. */
  inject(bytes) {
    for (const { client } of this.#pairs) client.write(bytes);
  }

  close() {
    this.cut();
    this.#server.close();
  }

  #accept(client) {
    const pair = { client };
    this.#pairs.add(pair);
    client.on("error", () => {});
    client.on("close", () => {
      if (pair.frozen) return;
      this.#pairs.delete(pair);
      pair.server?.destroy();
    });
    client.once("data", (first) => {
      client.pause();
      this.#route(pair, first);
    });
  }

  #route(pair, first) {
    const rule = isWebSocket(first) ? this.#rule : "pass";
    pair.resting = first.toString("latin1", 0, 3) === "GET";
    if (rule === "refuse") pair.client.destroy();
    else if (rule === "hold") this.#held.push(() => this.#join(pair, first));
    else this.#join(pair, first, rule === "mute");
  }

  #join(pair, first, mute = false) {
    if (pair.client.destroyed) return;
    const server = connect(this.#target, "127.0.0.1");
    pair.server = server;
    server.on("error", () => {});
    server.on("close", () => pair.frozen || pair.client.destroy());
    server.once("data", () => {
      pair.resting = isWebSocket(first);
    });
    server.write(first);
    server.pipe(pair.client);
    if (mute) pair.client.resume();
    else pair.client.pipe(server);
  }
}

function isWebSocket(head) {
  return /^upgrade: *websocket/im.test(head.toString("latin1"));
}
