// Events and their arguments: what goes in comes out, in order.

import assert from "node:assert/strict";
import { it } from "node:test";
import { until } from "../support/wait.js";
import { rawNumbers } from "./raw.js";

const BURST = 3000;

const texts = {
  "text of many scripts": "Grüße, Жizn', 你好, שלום, 👩‍👩‍👧‍👦, é",
  "control and separator characters": "\u0000\u0001\u001e\u001f\u007f\u0085\u2028\u2029\r\n\t\"\\/",
  "half a surrogate pair": "\ud83d and \udc00",
  "an empty text": "",
  "packets as text": '42["message"]\u001e451-["x",{"_placeholder":true,"num":0}]',
};

const values = {
  "scalars": [true, false, null, 0, -1, 1.5, 1e21, 5e-324, Number.MAX_SAFE_INTEGER],
  "nested values": [{ a: [{ b: [[], {}, [null]] }], "": 1, "with space": { "ключ": "значение" } }],
  "keys that mean something to JavaScript": [JSON.parse('{"__proto__":1,"constructor":2,"toString":3,"toJSON":4}')],
  "an object that looks like a placeholder": [{ _placeholder: true, num: 0 }],
  "fifty arguments": Array.from({ length: 50 }, (_, index) => index),
};

export function events(stage) {
  for (const [what, text] of Object.entries(texts)) {
    it(`echoes ${what}`, async () => {
      const peer = await stage.connected();
      peer.emit("message", text, { [text]: [text] });
      assert.deepEqual(await peer.next("message-back"), [text, { [text]: [text] }]);
    });
  }

  for (const [what, args] of Object.entries(values)) {
    it(`echoes ${what}`, async () => {
      const peer = await stage.connected();
      peer.emit("message", ...args);
      assert.deepEqual(await peer.next("message-back"), args);
      assert.deepEqual(await peer.ask("message-with-ack", ...args), args);
    });
  }

  it("emits nothing for nothing", async () => {
    const peer = await stage.connected();
    peer.emit("message");
    assert.deepEqual(await peer.next("message-back"), []);
    assert.deepEqual(await peer.ask("message-with-ack"), []);
  });

  it("tells undefined as null", async () => {
    const peer = await stage.connected();
    peer.emit("message", undefined, [undefined], { gone: undefined });
    assert.deepEqual(await peer.next("message-back"), [null, [null], {}]);
  });

  it("echoes a hundred levels of nesting", async () => {
    const peer = await stage.connected();
    const deep = JSON.parse("[".repeat(100) + "]".repeat(100));
    peer.emit("message", deep);
    assert.deepEqual(await peer.next("message-back"), [deep]);
  });

  it("echoes a text of 900 KB", async () => {
    const peer = await stage.connected();
    const text = Array.from({ length: 90_000 }, (_, index) => String(index).padStart(10, "-")).join("");
    const [back] = await peer.ask("message-with-ack", text);
    assert.equal(back.length, 900_000);
    assert.ok(back === text, "the text is the same");
  });

  it(`keeps ${BURST} events of one burst in order`, async () => {
    const peer = await stage.connected();
    for (let number = 0; number < BURST; number += 1) peer.emit("message", number);
    for (let number = 0; number < BURST; number += 1) assert.deepEqual(await peer.next("message-back"), [number]);
  });

  it("sends what was emitted before the connection, in order", async () => {
    const peer = stage.client();
    for (let number = 0; number < 20; number += 1) peer.emit("message", number);
    for (let number = 0; number < 20; number += 1) assert.deepEqual(await peer.next("message-back"), [number]);
  });

  it("sends volatile events while the transport can take them, and drops them while there is none", stage.laterThan2, async () => {
    const peer = stage.client();
    peer.socket.volatile.emit("message", "too early");
    await peer.next("connect");
    assert.deepEqual(await peer.ask("message-with-ack", "in time"), ["in time"]);
    await until(() => peer.socket.io.engine.transport.writable, "the transport can take an event");
    peer.socket.volatile.emit("message", "now");
    assert.deepEqual(await peer.next("message-back"), ["now"]);
  });

  rawNumbers(stage);
}
