// Stock clients that speak MessagePack.

import assert from "node:assert/strict";
import { it } from "node:test";
import { io as io4 } from "socket.io-client";
import parser from "socket.io-msgpack-parser";
import { parity } from "./support/parity.js";
import { freshRoom } from "./support/stage.js";

const io = (url, options) => io4(url, { parser, ...options });

function messagePack(stage) {
  it("connects, with auth, and is refused with data", async () => {
    const name = freshRoom("name");
    const peer = await stage.connected("/steps", { auth: { name } });
    assert.equal((await peer.ask("order", name))[0].length, 4);
    const [error] = await stage.client("/steps", { auth: { stop_at: "one" } }).next("connect_error");
    assert.deepEqual([error.message, error.data], ["stopped", { at: "one" }]);
    assert.equal((await stage.client("/nowhere").next("connect_error"))[0].message, "Invalid namespace");
  });

  it("brings every kind of argument there and back", async () => {
    const peer = await stage.settled("/any");
    const args = [1, -1, 2 ** 40, 0.5, "text é 😀", true, null, [], {}, { a: [{ b: Buffer.from([1, 2]) }] }, Buffer.alloc(0)];
    assert.deepEqual(await peer.ask("message", ...args), args);
    assert.deepEqual(await peer.ask("message"), []);
    assert.deepEqual(await peer.ask("message", new Date(86_400_000), undefined), ["1970-01-02T00:00:00.000Z", null]);
    const large = Buffer.alloc(200_000, 7);
    assert.deepEqual(await peer.ask("message", large, "x".repeat(100_000)), [large, "x".repeat(100_000)]);
  });

  it("broadcasts, and gets the acknowledgements", async () => {
    const room = freshRoom();
    const crowd = await stage.crowd(3, room);
    crowd.forEach((peer) => peer.socket.on("vote?", (_room, answer) => answer({ by: peer.id, bytes: Buffer.from([3]) })));
    const [{ received, missing }] = await crowd[0].ask("vote", room, 5000);
    assert.deepEqual([Object.keys(received).length, missing], [3, {}]);
    await crowd[1].ask("say", room, { bytes: 1 });
    for (const peer of crowd) assert.deepEqual(await peer.next("said"), [{ bytes: 1 }]);
  });

  it("is disconnected by the server, and by itself", async () => {
    const room = freshRoom();
    const [ann, bob] = await stage.crowd(2, room);
    await bob.ask("disconnect-sockets", ann.id, false);
    assert.deepEqual(await ann.next("said"), ["bye"]);
    assert.equal((await ann.next("disconnect"))[0], "io server disconnect");
    const { id } = bob;
    bob.socket.disconnect();
    const eve = await stage.connected();
    while ((await eve.ask("fetch"))[0].some((socket) => socket.id === id));
  });

  it("keeps events in order", async () => {
    const peer = await stage.settled("/any");
    const answers = await Promise.all(Array.from({ length: 200 }, (_, number) => peer.ask("message", number)));
    assert.deepEqual(answers, Array.from({ length: 200 }, (_, number) => [number]));
  });

  it("closes the connection of a client that speaks the default encoding", async () => {
    const peer = stage.client("/", { parser: undefined, reconnection: false });
    const closed = new Promise((resolve) => peer.socket.io.on("close", resolve));
    await closed;
    assert.equal(peer.waiting("connect"), 0);
  });
}

parity("MessagePack", messagePack, { io, settings: { PARSER: "msgpack" } });
