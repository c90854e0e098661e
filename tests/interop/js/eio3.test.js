// socket.io-client 2 and Engine.IO 3: what is said in another way than to later clients. The rest of the suite runs in eio3-….

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { io as io4 } from "socket.io-client";
import io2 from "socket.io-client-2";
import { sign } from "../oracle/token.js";
import { isOracle, JWT_SECRET } from "./support/fixture.js";
import { freshRoom, modes, Stage } from "./support/stage.js";
import { until } from "./support/wait.js";
import { play } from "./suite/index.js";

const ALLOWED = { ALLOW_EIO3: "true" };
const BYTES = Buffer.from([0, 1, 2, 254, 255]);
const QUICK_HEARTBEAT = { PING_INTERVAL_MS: 300, PING_TIMEOUT_MS: 900 };
const HOUR_S = 3600;
const goodToken = (sub) => sign({ sub, exp: Math.floor(Date.now() / 1000) + HOUR_S }, JWT_SECRET);

/** The parser that the stock client of version 2 brings along. */
const parser = createRequire(createRequire(import.meta.url).resolve("socket.io-client-2"))("engine.io-parser");

function connecting(stage) {
  it("is in / at once, under the id of its session", async () => {
    const peer = await stage.settled();
    assert.equal(peer.id, peer.socket.io.engine.id);
    assert.deepEqual(await peer.ask("id"), [peer.id]);
    assert.deepEqual(await peer.next("auth"), [{}]);
    assert.equal(peer.transport, stage.endsAsWebSocket ? "websocket" : "polling");
  });

  it("is in another namespace under that id and the namespace", async () => {
    const peer = await stage.connected("/custom");
    assert.equal(peer.id, `/custom#${peer.socket.io.engine.id}`);
    assert.deepEqual(await peer.ask("message-with-ack", 1), [1]);
  });

  it("tells the query of a namespace where others have auth", async () => {
    const query = { token: "a, b&c", name: "ünïcode 🦀" };
    assert.deepEqual(await stage.client("/custom", { query }).next("auth"), [query]);
  });

  it("is told of a refusal by its message, or its data", async () => {
    assert.deepEqual(await stage.client("/middleware", { query: { fail: "true" } }).next("error"), [{ why: "fail" }]);
    const [said] = await stage.client("/jwt").next("error");
    if (isOracle) assert.deepEqual(said, { code: "token_missing" }, "there every refusal of this namespace has data");
    else assert.match(said, /token/);
    const [unknown] = await stage.client("/nowhere").next("error");
    assert.equal(isOracle ? unknown.message : unknown, "Invalid namespace", "the reference says an object here");
  });

  it("keeps its other namespaces when one is refused", async () => {
    const peer = await stage.connected();
    const refused = stage.alongside(peer, "/jwt");
    await refused.next("error");
    assert.deepEqual(await peer.ask("message-with-ack", "still here"), ["still here"]);
    assert.equal(peer.waiting("error"), 0);
  });

  it("is kicked out of one namespace, and the others stay", async () => {
    const room = freshRoom();
    const [peer, witness] = await stage.crowd(2, room);
    const custom = stage.alongside(peer, "/custom");
    await custom.next("connect");
    const { id } = peer;
    peer.emit("kick", false);
    assert.equal((await peer.next("disconnect"))[0], "io server disconnect");
    assert.deepEqual(await witness.next("left"), [{ id, reason: "server namespace disconnect" }]);
    assert.deepEqual(await custom.ask("message-with-ack", 1), [1]);
    custom.socket.disconnect().connect();
    await custom.next("connect");
    assert.deepEqual(await custom.ask("message-with-ack", 2), [2]);
  });

  it("is known by a token in the Authorization header, or in the query of the namespace", async () => {
    const extraHeaders = { Authorization: `Bearer ${goodToken("ann")}` };
    const transportOptions = { polling: { extraHeaders }, websocket: { extraHeaders } };
    assert.deepEqual(await stage.client("/jwt", { transportOptions }).next("claims"), [{ sub: "ann" }]);
    const query = { token: goodToken("bob") };
    assert.deepEqual(await stage.client("/jwt", { query }).next("claims"), [{ sub: "bob" }]);
  });

  it("sends what was emitted before the connection and while there was none, once and in order", async () => {
    const fixture = await stage.ownFixture();
    const peer = stage.client("/", { url: fixture.url });
    peer.emit("message", "early");
    assert.deepEqual(await peer.next("message-back"), ["early"]);
    await fixture.end("SIGKILL");
    await peer.next("disconnect");
    for (let number = 0; number < 100; number += 1) peer.emit("message", number);
    await fixture.start();
    for (let number = 0; number < 100; number += 1) assert.deepEqual(await peer.next("message-back"), [number]);
  });
}

function heartbeat(stage) {
  it("pings and is answered", async () => {
    const fixture = await stage.ownFixture({ PING_INTERVAL_MS: 100, PING_TIMEOUT_MS: 2000 });
    const peer = await stage.settled("/", { url: fixture.url });
    let pongs = 0;
    peer.socket.on("pong", () => (pongs += 1));
    await until(() => pongs === 5, "five answers");
    assert.equal(peer.waiting("disconnect"), 0);
  });

  const forgets = isOracle && stage.mode === "upgrade" && "the reference forgets its time-out in an upgrade";

  it("is given up when it does not ping any more", { skip: forgets }, async () => {
    const fixture = await stage.ownFixture(QUICK_HEARTBEAT);
    const room = freshRoom();
    const [silent, witness] = await stage.crowd(2, room, { url: fixture.url });
    const { id } = silent;
    const { engine } = silent.socket.io;
    engine.ping = () => {};
    engine.onHeartbeat = () => {};
    clearTimeout(engine.pingTimeoutTimer);
    assert.deepEqual(await witness.next("left"), [{ id, reason: "ping timeout" }]);
    await silent.next("disconnect");
  });
}

function mixed(stage) {
  it("is in one room with later clients, and all get the same", async () => {
    const room = freshRoom();
    const later = new Stage(stage.mode, io4);
    later.fixture = stage.fixture;
    const [old, other] = await stage.crowd(2, room);
    const [young] = await later.crowd(1, room);
    await old.ask("say", room, { bytes: BYTES });
    await young.ask("say", room, { bytes: [BYTES] });
    for (const peer of [old, other, young]) {
      assert.deepEqual(await peer.next("said"), [{ bytes: BYTES }]);
      assert.deepEqual(await peer.next("said"), [{ bytes: [BYTES] }]);
    }
    const { id } = old;
    old.socket.disconnect();
    assert.deepEqual(await young.next("left"), [{ id, reason: "client namespace disconnect" }]);
    await later.clear();
  });
}

for (const mode of Object.keys(modes)) {
  const stage = () => new Stage(mode, io2, ALLOWED);
  play(stage(), `socket.io-client 2 over ${mode}: connect`, connecting);
  play(stage(), `socket.io-client 2 over ${mode}: heartbeat`, heartbeat);
  play(stage(), `socket.io-client 2 over ${mode}: with later clients`, mixed);
}

play(new Stage("polling", io2, ALLOWED), "Engine.IO 3 as browsers speak it, over polling", (stage) => {
  it("takes and gives payloads of bytes", async () => {
    const path = `${stage.fixture.url}/socket.io/?EIO=3&transport=polling`;
    const opened = await decoded(await fetch(path));
    const session = `${path}&sid=${JSON.parse(opened[0].data).sid}`;
    const packets = [
      { type: "message", data: '51-["message",{"_placeholder":true,"num":0},"€🎲"]' },
      { type: "message", data: BYTES },
    ];
    const body = await new Promise((resolve) => parser.encodePayload(packets, true, resolve));
    assert.ok(Buffer.isBuffer(body));
    const headers = { "content-type": "application/octet-stream" };
    assert.equal(await (await fetch(session, { method: "POST", headers, body })).text(), "ok");
    const arrived = [];
    const types = new Set();
    while (!arrived.some(({ data }) => Buffer.isBuffer(data))) {
      const response = await fetch(session);
      assert.equal(response.status, 200);
      types.add(response.headers.get("content-type"));
      arrived.push(...(await decoded(response)));
    }
    assert.ok(types.has("application/octet-stream"));
    assert.deepEqual(arrived.at(-2), { type: "message", data: packets[0].data.replace("message", "message-back") });
    assert.deepEqual(arrived.at(-1), { type: "message", data: BYTES });
  });
});

describe("Engine.IO 3 where it is not allowed", () => {
  const stage = new Stage("polling", io2);

  it("is refused as an unsupported version", async () => {
    await stage.raise();
    try {
      for (const query of ["EIO=3&transport=polling", "transport=polling"]) {
        const response = await fetch(`${stage.fixture.url}/socket.io/?${query}`);
        assert.equal(response.status, 400);
        assert.deepEqual(await response.json(), { code: 5, message: "Unsupported protocol version" });
      }
      await stage.client().next("connect_error");
    } finally {
      await stage.clear();
      await stage.fall();
    }
  });
});

async function decoded(response) {
  const isBinary = response.headers.get("content-type") === "application/octet-stream";
  const body = isBinary ? Buffer.from(await response.arrayBuffer()) : await response.text();
  const packets = [];
  parser.decodePayload(body, (packet) => void packets.push(packet));
  return packets;
}
