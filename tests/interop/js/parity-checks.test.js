// Single questions of Socket.IO's own tests that no other suite here answers (docs/SUITE.md has all of them).

import assert from "node:assert/strict";
import { it } from "node:test";
import { parity } from "./support/parity.js";
import { freshRoom } from "./support/stage.js";

const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

function checks(stage) {
  it("a namespace that was declared without its slash is the one with it", async () => {
    const peer = await stage.connected("/checks");
    assert.deepEqual(await peer.ask("join", "room"), ["ok"]);
    const main = await stage.connected("");
    assert.equal(main.socket.nsp, "/");
    assert.deepEqual(await main.ask("rooms"), [[main.id]]);
  });

  it("a second socket for the same namespace gets a connection of its own", async () => {
    const options = { forceNew: false, multiplex: true };
    const [one, two] = [await stage.connected("/checks", options), await stage.connected("/checks", options)];
    assert.notEqual(one.socket.io.engine.id, two.socket.io.engine.id);
    assert.notEqual(one.id, two.id);
  });

  it("a socket counts as connected only behind its middleware", async () => {
    const peer = await stage.connected("/checks");
    assert.deepEqual(await peer.ask("connected"), [false, true]);
  });

  it("send is the event `message`, both ways", async () => {
    const peer = await stage.connected("/checks");
    await peer.ask("send-me", "to the client", 1);
    assert.deepEqual(await peer.next("message"), ["to the client", 1]);
    const any = await stage.connected("/any");
    const answer = new Promise((resolve) => any.socket.send("to the server", (...args) => resolve(args)));
    assert.deepEqual(await answer, ["to the server"]);
  });

  it("reserved names are refused where they are emitted", async () => {
    const peer = await stage.connected("/checks");
    for (const name of RESERVED) assert.deepEqual(await peer.ask("emit-reserved", name), [[true, true]], name);
    assert.deepEqual(await peer.ask("emit-reserved", "free"), [[false, false]]);
  });

  it("finds all clients across namespace rooms, each once", async () => {
    const [a, b] = [freshRoom(), freshRoom()];
    const [ann, bob, eve] = await Promise.all([1, 2, 3].map(() => stage.connected("/checks")));
    for (const [peer, room] of [[ann, a], [bob, a], [bob, b], [eve, freshRoom()]]) await peer.ask("join", room);
    const [found] = await eve.ask("fetch-many", [a, b]);
    assert.deepEqual(found.sort(), [ann.id, bob.id].sort());
  });

  it("does not join rooms after disconnection", async () => {
    const room = freshRoom();
    const [ann, eve] = [await stage.connected("/checks"), await stage.connected("/checks")];
    ann.emit("leave-and-join", room);
    await ann.next("disconnect");
    ann.socket.connect();
    await ann.next("connect");
    assert.deepEqual(await eve.ask("fetch-many", [room]), [[]]);
  });

  it("an operator that is narrowed leaves the one that it came from as it was", async () => {
    const { url } = await stage.ownFixture();
    const [ann, bob] = [await stage.connected("/checks", { url }), await stage.connected("/checks", { url })];
    await ann.ask("join", "room");
    await ann.ask("narrow", "room");
    assert.deepEqual([await ann.next("told"), await ann.next("told"), await bob.next("told")], [["room"], ["everyone"], ["everyone"]]);
    assert.equal(bob.waiting("told"), 0);
  });

  it("calls several listeners in order, `once` a single time, and none that was taken off", async () => {
    const peer = await stage.connected("/checks");
    await peer.ask("listen");
    const heard = async () => {
      peer.emit("tick");
      return (await peer.ask("heard"))[0];
    };
    assert.deepEqual(await heard(), ["first", "once", "last"]);
    assert.deepEqual(await heard(), ["first", "last"]);
    assert.deepEqual(await peer.ask("remove-first"), [true]);
    assert.deepEqual(await peer.ask("remove-first"), [false]);
    assert.deepEqual(await heard(), ["last"]);
    assert.deepEqual(await peer.ask("off"), [1]);
    assert.deepEqual(await heard(), []);
  });

  it("a `once` of the namespace is for the first socket that comes", async () => {
    const { url } = await stage.ownFixture();
    const [ann, bob] = [await stage.connected("/checks", { url }), await stage.connected("/checks", { url })];
    let answered = 0;
    bob.emit("first", () => (answered += 1));
    await bob.ask("echo");
    ann.emit("first", () => (answered += 1));
    await ann.ask("echo");
    assert.equal(answered, 1);
  });

  it("connects once for each connect by hand, however often", async () => {
    const peer = await stage.connected("/checks");
    for (let round = 0; round < 3; round += 1) {
      peer.socket.disconnect().connect();
      await peer.next("connect");
      await peer.ask("connected");
      assert.equal(peer.waiting("connect"), 0);
    }
  });
}

/** Options of the client that change what the server meets. */
const OPTIONS = {
  "forceBase64": { forceBase64: true },
  "addTrailingSlash: false": { addTrailingSlash: false },
  "timestampRequests: false": { timestampRequests: false },
  "timestampParam": { timestampParam: "nonce" },
  "rememberUpgrade": { rememberUpgrade: true },
  "tryAllTransports": { tryAllTransports: true },
  "perMessageDeflate": { perMessageDeflate: { threshold: 0 } },
  "protocols": { protocols: ["greenroom", "other"] },
  "withCredentials": { withCredentials: true },
  "multiplex: false": { multiplex: false, forceNew: false },
  "query with reserved characters": { query: { "a&b": "c=d ü" } },
  "extraHeaders": { extraHeaders: { "X-Many": "x".repeat(2000) } },
  "requestTimeout": { requestTimeout: 5000 },
  "closeOnBeforeunload": { closeOnBeforeunload: true },
  "useNativeTimers": { useNativeTimers: true },
  "auth that is a function": { auth: (give) => setImmediate(give, { late: true }) },
};

function options(stage) {
  for (const [name, given] of Object.entries(OPTIONS)) {
    it(`serves a client with ${name}, and again after its connection has closed`, async () => {
      const peer = await stage.settled("/checks", given);
      const words = ["text", { bytes: Buffer.from([1, 2, 3]) }, "x".repeat(3000)];
      assert.deepEqual(await peer.ask("echo", ...words), words);
      peer.socket.io.engine.close();
      await peer.next("disconnect");
      await peer.next("connect");
      assert.deepEqual(await peer.ask("echo", ...words), words);
    });
  }
}

parity("checks", checks);
parity("options of the client", options);
