// Bytes: alone, nested, many, mixed with text, in acks both ways, as frames and as base64.

import assert from "node:assert/strict";
import { it } from "node:test";
import { freshRoom, modes, Stage } from "../support/stage.js";

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
const MOST_ATTACHMENTS = 10; // what the stock parser accepts

/** Bytes that cannot be taken for others: a counter of four bytes, repeated. */
function pattern(length) {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

export function binary(stage) {
  for (const forceBase64 of [false, true]) {
    const how = forceBase64 ? ", all in base64" : "";

    it(`echoes every byte${how}`, async () => {
      const peer = await stage.connected("/", { forceBase64 });
      peer.emit("message", ALL_BYTES);
      assert.deepEqual(await peer.next("message-back"), [ALL_BYTES]);
      assert.deepEqual(await peer.ask("message-with-ack", ALL_BYTES, "text", ALL_BYTES), [ALL_BYTES, "text", ALL_BYTES]);
    });

    it(`echoes bytes at any depth${how}`, async () => {
      const peer = await stage.connected("/custom", { forceBase64 });
      const args = [{ list: [1, { bytes: ALL_BYTES }, null], "": pattern(16) }, [[pattern(3)]], "and text"];
      peer.emit("message", ...args);
      assert.deepEqual(await peer.next("message-back"), args);
      assert.deepEqual(await peer.ask("message-with-ack", ...args), args);
    });
  }

  it("echoes no bytes as no bytes", async () => {
    const peer = await stage.connected();
    peer.emit("message", Buffer.alloc(0), new ArrayBuffer(0));
    assert.deepEqual(await peer.next("message-back"), [Buffer.alloc(0), Buffer.alloc(0)]);
  });

  it("takes typed arrays and array buffers as their bytes", async () => {
    const peer = await stage.connected();
    const view = new Uint8Array(ALL_BYTES.buffer, ALL_BYTES.byteOffset + 10, 20);
    peer.emit("message", view, new Uint8Array([1, 2, 3]).buffer, new Uint16Array([0x0102]));
    const expected = [ALL_BYTES.subarray(10, 30), Buffer.from([1, 2, 3]), Buffer.from([2, 1])];
    assert.deepEqual(await peer.next("message-back"), expected);
  });

  it("keeps many attachments apart, with equal ones among them", async () => {
    const peer = await stage.connected();
    const attachments = Array.from({ length: MOST_ATTACHMENTS }, (_, index) => Buffer.alloc(3, index % 4));
    peer.emit("message", ...attachments);
    assert.deepEqual(await peer.next("message-back"), attachments);
  });

  it("keeps a placeholder that a user wrote beside a real one", async () => {
    const peer = await stage.connected();
    const args = [ALL_BYTES, "451-[", "\u001e"];
    assert.deepEqual(await peer.ask("message-with-ack", ...args), args);
  });

  it("echoes large bytes", async () => {
    const peer = await stage.connected();
    const bytes = pattern(stage.mode === "websocket" ? 900_000 : 700_000); // base64 takes a third more, below the limit
    const [back] = await peer.ask("message-with-ack", { bytes });
    assert.equal(back.bytes.length, bytes.length);
    assert.ok(bytes.equals(back.bytes), "the bytes are the same");
  });

  it("keeps events with and without bytes in order", async () => {
    const peer = await stage.connected();
    const sent = Array.from({ length: 600 }, (_, number) => (number % 3 === 0 ? [number, pattern(8 + number)] : [number]));
    for (const args of sent) peer.emit("message", ...args);
    for (const args of sent) assert.deepEqual(await peer.next("message-back"), args);
  });

  it("takes bytes as the answer to the server's question", async () => {
    const peer = await stage.connected();
    peer.emit("ask-me", { what: ALL_BYTES });
    const [question, answer] = await peer.next("question");
    assert.deepEqual(question, { what: ALL_BYTES });
    answer({ deep: [pattern(40)] });
    assert.deepEqual(await peer.next("answered"), [{ deep: [pattern(40)] }]);
  });

  it("broadcasts the same bytes to receivers on every transport", async () => {
    const room = freshRoom();
    const sender = await stage.connected();
    const stages = Object.keys(modes).map((mode) => Object.assign(new Stage(mode), { fixture: stage.fixture }));
    try {
      const crowds = stages.flatMap((other) => [other.crowd(1, room), other.crowd(1, room, { forceBase64: true })]);
      const receivers = (await Promise.all(crowds)).flat();
      const words = { bytes: ALL_BYTES, more: [pattern(9)], text: "both" };
      for (let round = 0; round < 10; round += 1) await sender.ask("say", room, { ...words, round });
      for (const receiver of receivers) {
        for (let round = 0; round < 10; round += 1) assert.deepEqual(await receiver.next("said"), [{ ...words, round }]);
      }
    } finally {
      await Promise.all(stages.map((other) => other.clear()));
    }
  });
}
