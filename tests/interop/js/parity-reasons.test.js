// Every reason of a disconnect, on the server and on a stock client, each provoked.

import assert from "node:assert/strict";
import { it } from "node:test";
import { parity } from "./support/parity.js";
import { until } from "./support/wait.js";

const QUICK_HEARTBEAT = { PING_INTERVAL_MS: 300, PING_TIMEOUT_MS: 900 };

/** A WebSocket frame of a server: text, or with bits that nobody has agreed on. */
const frame = (text, first = 0x81) => Buffer.concat([Buffer.from([first, text.length]), Buffer.from(text)]);

/** The answer to a poll. */
const answer = (text) => `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

function reasons(stage) {
  const onWebSocket = stage.endsAsWebSocket;

  /** A client alone on its server, which says why it left. */
  async function scene({ settings, proxied = false } = {}) {
    const fixture = await stage.ownFixture(settings);
    const proxy = proxied && (await stage.proxy({}, fixture));
    const peer = await stage.settled("/", { url: (proxy || fixture).url, reconnection: false });
    // An answer over the WebSocket: the server has moved to it, too.
    if (proxy) await peer.ask("rooms");
    if (proxy) await until(() => proxy.rests, "the connection rests");
    return { fixture, proxy, peer };
  }

  /** What both sides say. */
  async function assertReasons({ fixture, peer }, server, ...client) {
    const [reason] = await peer.next("disconnect");
    await until(() => fixture.lines.some((line) => line.startsWith("disconnect")), "the server's reason");
    const said = fixture.lines.filter((line) => line.startsWith("disconnect"));
    assert.deepEqual(said, [`disconnect: ${server}`]);
    assert.ok(client.includes(reason), reason);
  }

  it("client namespace disconnect – io client disconnect", async () => {
    const it = await scene();
    it.peer.socket.disconnect();
    await assertReasons(it, "client namespace disconnect", "io client disconnect");
  });

  for (const close of [false, true]) {
    it(`server namespace disconnect – io server disconnect, by disconnect(${close})`, async () => {
      const it = await scene();
      it.peer.emit("disconnect-sockets", it.peer.id, close);
      await assertReasons(it, "server namespace disconnect", "io server disconnect");
    });
  }

  it("transport close – forced close, when the client closes its engine", async () => {
    const it = await scene();
    it.peer.socket.io.engine.close();
    await assertReasons(it, "transport close", "forced close");
  });

  it("transport close – transport close, when the WebSocket is cut", { skip: !onWebSocket }, async () => {
    const it = await scene({ proxied: true });
    it.proxy.cut();
    await assertReasons(it, "transport close", "transport close");
  });

  it("transport error – transport close or error, on two polls at a time", { skip: onWebSocket }, async () => {
    const it = await scene();
    const poll = fetch(`${it.fixture.url}/socket.io/?EIO=4&transport=polling&sid=${it.peer.socket.io.engine.id}`);
    // Whichever poll comes second is refused, and the other one is told of the end.
    await assertReasons(it, "transport error", "transport close", "transport error");
    await poll;
  });

  it("transport error – transport close, on a frame that breaks the WebSocket protocol", { skip: !onWebSocket }, async () => {
    const it = await scene();
    it.peer.socket.io.engine.transport.ws._socket.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]));
    await assertReasons(it, "transport error", "transport close");
  });

  it("parse error – transport close, on what is no packet of Engine.IO", async () => {
    const it = await scene();
    const { engine } = it.peer.socket.io;
    if (onWebSocket) {
      engine.transport.ws.send("no packet");
    } else {
      const url = `${it.fixture.url}/socket.io/?EIO=4&transport=polling&sid=${engine.id}`;
      assert.equal((await fetch(url, { method: "POST", body: "no packet" })).status, 400);
    }
    await assertReasons(it, "parse error", "transport close");
  });

  for (const [what, packet] of [
    ["a second CONNECT", "0"],
    ["an event for a namespace that was not joined", '2/nowhere,["hello"]'],
    ["a CONNECT_ERROR", '4{"message":"no"}'],
  ]) {
    it(`forced server close – transport close, on ${what}`, async () => {
      const it = await scene();
      it.peer.socket.io.engine.write(packet);
      await assertReasons(it, "forced server close", "transport close");
    });
  }

  it("forced close – transport close, on what is no packet of Socket.IO", async () => {
    const it = await scene();
    it.peer.socket.io.engine.write("2[no packet");
    await assertReasons(it, "forced close", "transport close");
  });

  it("forced close – transport close, on bytes that belong to no packet", async () => {
    const it = await scene();
    it.peer.socket.io.engine.write(Buffer.from([1, 2, 3]));
    await assertReasons(it, "forced close", "transport close");
  });

  it("ping timeout – ping timeout, when the connection goes silent", async () => {
    const it = await scene({ settings: QUICK_HEARTBEAT, proxied: true });
    it.proxy.freeze();
    await assertReasons(it, "ping timeout", "ping timeout");
  });

  it("server shutting down – transport close, on SIGTERM", async () => {
    const it = await scene();
    await it.fixture.end("SIGTERM");
    await assertReasons(it, "server shutting down", "transport close");
  });

  it("parse error on the client, when it gets what is no packet", async () => {
    const { proxy, peer } = await scene({ proxied: true });
    const broken = '42["no packet';
    proxy.inject(onWebSocket ? frame(broken) : answer(broken));
    assert.equal((await peer.next("disconnect"))[0], "parse error");
  });

  it("transport error on the client, when the transport breaks", async () => {
    const { proxy, peer } = await scene({ proxied: true });
    proxy.inject(onWebSocket ? frame("x", 0xf1) : "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    assert.equal((await peer.next("disconnect"))[0], "transport error");
  });
}

/** Refusals of requests, by what provokes them. */
const REFUSALS = [
  [400, { code: 0, message: "Transport unknown" }, "EIO=4&transport=fax"],
  [400, { code: 1, message: "Session ID unknown" }, "EIO=4&transport=polling&sid=gone"],
  [400, { code: 2, message: "Bad handshake method" }, "EIO=4&transport=polling", { method: "POST", body: "" }],
  [400, { code: 3, message: "Bad request" }, "EIO=4&transport=websocket"],
  [403, { code: 4, message: "full house" }, "EIO=4&transport=polling&deny=full%20house"],
  [400, { code: 5, message: "Unsupported protocol version" }, "EIO=3&transport=polling"],
];

function errors(stage) {
  for (const [status, body, query, options] of REFUSALS) {
    it(`refuses with ${body.code}, ${body.message}`, async () => {
      const response = await fetch(`${stage.fixture.url}/socket.io/?${query}`, options);
      assert.deepEqual([response.status, await response.json()], [status, body]);
      assert.equal(response.headers.get("content-type"), "application/json");
    });
  }

  it("refuses a namespace with the text that clients compare", async () => {
    const [error] = await stage.client("/nowhere").next("connect_error");
    assert.equal(error.message, "Invalid namespace");
  });
}

parity("reasons", reasons);
parity("error strings", errors, { over: ["polling"] });
