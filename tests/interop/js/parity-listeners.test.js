// Listeners for any event, middleware of packets and of connections, seen by stock clients.

import assert from "node:assert/strict";
import { it } from "node:test";
import { parity } from "./support/parity.js";
import { freshRoom } from "./support/stage.js";

const notes = async (peer) => (await peer.ask("notes"))[0];

function any(stage) {
  it("onAny calls the listener before those of the event, prependAny before it, offAny takes it off", async () => {
    const peer = await stage.connected("/any");
    await peer.ask("listen-any");
    assert.deepEqual(await peer.ask("message", 1, "two"), [1, "two"]);
    const expected = [["first", "message"], ["any", "message", '[1,"two"]'], ["message"], ["first", "notes"], ["any", "notes", "[]"]];
    assert.deepEqual(await notes(peer), expected);
    assert.deepEqual(await peer.ask("off-any"), [2]);
    await peer.ask("message");
    const off = [["first", "off-any"], ["any", "off-any", "[]"], ["message"]];
    assert.deepEqual(await notes(peer), [...expected, ...off]);
  });

  it("onAny hears of events that nobody else listens for, and keeps the bytes", async () => {
    const peer = await stage.connected("/any");
    await peer.ask("listen-any");
    peer.emit("nobody", Buffer.from([1, 2]));
    assert.deepEqual((await notes(peer)).slice(0, 2), [
      ["first", "nobody"],
      ["any", "nobody", '[{"_placeholder":true,"num":0}]'],
    ]);
  });

  it("onAnyOutgoing calls the listeners for emits, broadcasts and bytes, not for acks", async () => {
    const peer = await stage.connected("/any");
    const other = await stage.connected("/any");
    const room = freshRoom();
    await peer.ask("join", room);
    await peer.ask("listen-outgoing");
    await peer.ask("emit-here", 1);
    await other.ask("emit-there", room, Buffer.from([1, 2, 3]));
    assert.deepEqual(await peer.next("here"), [1]);
    assert.deepEqual(await peer.next("there"), [Buffer.from([1, 2, 3])]);
    const bytes = '[{"_placeholder":true,"num":0}]';
    assert.deepEqual(await notes(peer), [
      ["first", "here", "[1]", []],
      ["second", "here", "[1]", []],
      ["first", "there", bytes, [3]],
      ["second", "there", bytes, [3]],
    ]);
    assert.deepEqual(await peer.ask("off-outgoing"), [2]);
    await peer.ask("emit-here", 2);
    assert.equal((await notes(peer)).length, 4);
    assert.deepEqual(await notes(other), []);
  });
}

function packets(stage) {
  it("socket middleware calls the functions in order, then the listeners", async () => {
    const peer = await stage.connected("/any");
    await peer.ask("use");
    await peer.ask("message", 1);
    const expected = [["step 1", "message"], ["step 2", "message"], ["message"]];
    assert.deepEqual((await notes(peer)).slice(0, 3), expected);
  });

  it("socket middleware passes errors, in the ack or as an event", async () => {
    const peer = await stage.connected("/any");
    await peer.ask("use");
    const error = { code: "refused", message: "not this", data: { event: "message" } };
    assert.deepEqual(await peer.ask("message", "refuse me"), [{ error }]);
    peer.emit("message", "refuse me");
    assert.deepEqual(await peer.next("error"), [error]);
    assert.ok(!(await notes(peer)).some(([what]) => what === "message"));
  });

  it("later events wait while middleware decides, and keep their order", async () => {
    const peer = await stage.connected("/any");
    await peer.ask("use");
    const answers = [];
    const asked = ["slow", "fast 1", "fast 2"].map((word) => peer.ask("message", word).then(([back]) => answers.push(back)));
    await peer.next("waiting");
    const other = await stage.connected("/any");
    assert.deepEqual([await other.ask("message", "passes"), answers], [["passes"], []]);
    await other.ask("release");
    await Promise.all(asked);
    assert.deepEqual(answers, ["slow", "fast 1", "fast 2"]);
  });

  it("middleware that panics costs that event and nothing else", async () => {
    const peer = await stage.connected("/any");
    await peer.ask("panic-in-middleware");
    assert.equal((await peer.ask("message", 1))[0].error.code, "internal");
    assert.deepEqual(await peer.ask("join", "room"), ["ok"]);
  });
}

function connections(stage) {
  it("calls functions in expected order, and connects after them", async () => {
    const name = freshRoom("name");
    const peer = await stage.connected("/steps", { auth: { name } });
    assert.deepEqual(await peer.ask("order", name), [[`${name} one`, `${name} two`, `${name} three`, `${name} connected`]]);
  });

  it("passes an object, and calls nothing behind the refusal", async () => {
    const name = freshRoom("name");
    const [error] = await stage.client("/steps", { auth: { name, stop_at: "two" } }).next("connect_error");
    assert.deepEqual([error.message, error.data], ["stopped", { at: "two" }]);
    const other = await stage.connected("/steps");
    assert.deepEqual(await other.ask("order", name), [[`${name} one`]]);
  });

  it("leaves all rooms joined after a middleware failure", async () => {
    const { url } = await stage.ownFixture();
    await stage.client("/steps", { url, auth: { stop_at: "three" } }).next("connect_error");
    const peer = await stage.connected("/steps", { url });
    assert.deepEqual(await peer.ask("inside"), [1]);
  });
}

parity("listeners for any event", any);
parity("middleware of packets", packets);
parity("middleware of connections", connections, { over: ["polling", "websocket"] });
