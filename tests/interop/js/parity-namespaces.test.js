// Namespaces that come into being when a client asks for them.

import assert from "node:assert/strict";
import { it } from "node:test";
import { parity } from "./support/parity.js";
import { freshRoom } from "./support/stage.js";
import { until } from "./support/wait.js";

let numbers = 100;
const freshPath = (prefix = "/dynamic-") => `${prefix}${(numbers += 1)}`;
const created = async (peer) => (await peer.ask("created"))[0];

function dynamic(stage) {
  it("allows connections to dynamic namespaces with a pattern, and emits in a room", async () => {
    const [path, other] = [freshPath(), freshPath()];
    const [ann, bob, eve] = [await stage.connected(path), await stage.connected(path), await stage.connected(other)];
    assert.deepEqual(await ann.next("where"), [path]);
    for (const peer of [ann, bob, eve]) await peer.ask("join", "room");
    await ann.ask("say", "room", "hello");
    assert.deepEqual([await ann.next("said"), await bob.next("said")], [["hello"], ["hello"]]);
    assert.deepEqual(await eve.ask("count"), [1]);
    assert.equal(eve.waiting("said"), 0);
  });

  it("emits from the parent to all its children", async () => {
    const [ann, bob] = [await stage.connected(freshPath()), await stage.connected(freshPath())];
    await (await stage.connected()).ask("emit-to-all", "news");
    assert.deepEqual([await ann.next("said"), await bob.next("said")], [["news"], ["news"]]);
  });

  it("allows connections to dynamic namespaces with a function, which sees the auth", async () => {
    const path = `/secret/${freshRoom()}`;
    const [error] = await stage.client(path, { auth: { secret: "guess" } }).next("connect_error");
    assert.equal(error.message, "Invalid namespace");
    const peer = await stage.connected(path, { auth: { secret: "open sesame" } });
    assert.deepEqual(await peer.next("where"), [path]);
  });

  it("disallows connections when no dynamic namespace matches", async () => {
    for (const path of ["/dynamic-x", "/x/dynamic-1", "/dynamic-1x", "/secret"]) {
      const [error] = await stage.client(path).next("connect_error");
      assert.equal(error.message, "Invalid namespace");
    }
  });

  it("emits a 'new_namespace' event for a dynamic namespace, once", async () => {
    const path = freshPath();
    const clients = await Promise.all([1, 2, 3].map(() => stage.connected(path)));
    assert.deepEqual(await clients[0].ask("count"), [3]);
    const names = await created(await stage.connected());
    assert.equal(names.filter((name) => name === path).length, 1);
    assert.ok(names.includes("/any"), "a declared one is told of, too");
    assert.ok(!names.includes("/"));
  });

  it("attaches a child namespace to its parent upon manual creation: its middleware holds", async () => {
    const path = freshPath("/guarded-");
    await (await stage.connected()).ask("declare", path);
    const [error] = await stage.client(path).next("connect_error");
    assert.deepEqual([error.message, error.data], ["refused", { why: "no pass" }]);
    const peer = await stage.connected(path, { auth: { pass: true } });
    assert.deepEqual(await peer.next("where"), [path]);
  });

  it("handles race conditions with dynamic namespaces", async () => {
    const path = freshPath();
    const peer = await stage.connected(path);
    peer.socket.disconnect().connect();
    await peer.next("connect");
    assert.deepEqual(await peer.ask("count"), [1]);
  });

  it("bounds how many namespaces clients may create", async () => {
    const { url } = await stage.ownFixture({ MAX_CHILDREN: 2 });
    await stage.connected("/dynamic-1", { url });
    await stage.connected("/dynamic-2", { url });
    const [error] = await stage.client("/dynamic-3", { url }).next("connect_error");
    assert.equal(error.data.code, "too_many_namespaces");
    assert.deepEqual(await (await stage.connected("/dynamic-1", { url })).ask("count"), [2]);
  });
}

function cleanUp(stage) {
  /** How often the namespace came into being until it did so once more, with somebody coming and going. */
  const comesAgain = async (peer, path, url, times) => {
    const count = async () => (await created(peer)).filter((name) => name === path).length;
    for (;;) {
      const visitor = await stage.connected(path, { url, auth: { pass: true } });
      visitor.socket.disconnect();
      if ((await count()) >= times) return;
    }
  };

  it("cleans up a namespace without sockets, and lets clients come back to it", async () => {
    const { url } = await stage.ownFixture({ CLEANUP_CHILDREN: true });
    const peer = await stage.connected("/", { url });
    await comesAgain(peer, "/dynamic-1", url, 3);
    const visitor = await stage.connected("/dynamic-1", { url });
    assert.deepEqual(await visitor.ask("count"), [1]);
    await visitor.ask("join", "room");
    await visitor.ask("say", "room", "still works");
    assert.deepEqual(await visitor.next("said"), ["still works"]);
  });

  it("cleans up a namespace whose client is rejected in middleware, not while others are there", async () => {
    const { url } = await stage.ownFixture({ CLEANUP_CHILDREN: true });
    const peer = await stage.connected("/", { url });
    const count = async () => (await created(peer)).filter((name) => name === "/guarded-1").length;
    const rejected = async () => {
      const visitor = stage.client("/guarded-1", { url });
      await visitor.next("connect_error");
      visitor.socket.disconnect();
    };
    while ((await count()) < 2) await rejected();
    const inside = await stage.connected("/guarded-1", { url, auth: { pass: true } });
    const before = await count();
    for (let times = 0; times < 3; times += 1) await rejected();
    assert.equal(await count(), before);
    assert.deepEqual(await inside.ask("count"), [1]);
  });

  it("does not clean up when that is off, nor a namespace that is not dynamic", async () => {
    for (const [path, settings] of [
      ["/dynamic-1", {}],
      ["/any", { CLEANUP_CHILDREN: true }],
    ]) {
      const { url } = await stage.ownFixture(settings);
      const peer = await stage.connected("/", { url });
      for (let times = 0; times < 3; times += 1) {
        const visitor = await stage.connected(path, { url });
        visitor.socket.disconnect();
        await until(() => !visitor.socket.connected, "the visitor has left");
      }
      assert.equal((await created(peer)).filter((name) => name === path).length, 1);
    }
  });
}

parity("dynamic namespaces", dynamic, { over: ["polling", "websocket"] });
parity("clean-up of namespaces", cleanUp, { over: ["websocket"] });
