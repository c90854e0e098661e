// socket.io-client 3 speaks the same protocol: a smoke test of the essentials.

import assert from "node:assert/strict";
import { it } from "node:test";
import { io } from "socket.io-client-3";
import { freshRoom, modes, Stage } from "./support/stage.js";
import { play } from "./suite/index.js";

const BYTES = Buffer.from([0, 1, 2, 254, 255]);

function essentials(stage) {
  it("connects with auth, and is refused where there is nothing", async () => {
    assert.deepEqual(await stage.client("/custom", { auth: { a: 1 } }).next("auth"), [{ a: 1 }]);
    const [error] = await stage.client("/nowhere").next("connect_error");
    assert.equal(error.message, "Invalid namespace");
  });

  it("echoes events, with bytes too, and ends on the last transport of its mode", async () => {
    const peer = await stage.settled();
    peer.emit("message", "text", { bytes: BYTES }, null);
    assert.deepEqual(await peer.next("message-back"), ["text", { bytes: BYTES }, null]);
    peer.emit("message");
    assert.deepEqual(await peer.next("message-back"), []);
  });

  it("gets acks and gives them", async () => {
    const peer = await stage.connected();
    assert.deepEqual(await peer.ask("message-with-ack", 1, BYTES), [1, BYTES]);
    peer.emit("ask-me", "well?");
    const [question, answer] = await peer.next("question");
    answer({ to: question, bytes: BYTES });
    assert.deepEqual(await peer.next("answered"), [{ to: "well?", bytes: BYTES }]);
  });

  it("hears its room, and of those who leave it", async () => {
    const room = freshRoom();
    const [ann, bob] = await stage.crowd(2, room);
    await ann.ask("shout", room, BYTES);
    assert.deepEqual(await bob.heardFrom(ann), [BYTES]);
    const { id } = ann;
    ann.socket.disconnect();
    assert.deepEqual(await bob.next("left"), [{ id, reason: "client namespace disconnect" }]);
  });
}

for (const mode of Object.keys(modes)) play(new Stage(mode, io), `socket.io-client 3 over ${mode}`, essentials);
