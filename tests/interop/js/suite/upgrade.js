// The step from polling to WebSocket, at a moment that the test chooses: a proxy holds the WebSocket until then.

import assert from "node:assert/strict";
import { once } from "node:events";
import { it } from "node:test";
import { echoInOrder } from "../support/echo.js";
import { freshRoom } from "../support/stage.js";
import { until, within } from "../support/wait.js";
import { nothingMore } from "./order.js";

export function upgrade(stage) {
  it("echoes 100,000 events without one inversion, the upgrade among them", async () => {
    await echoAcross({ total: 100_000, outstanding: 500, releaseAt: 20_000 });
  });

  it("loses none of 2,000 events that are under way while the transport changes", async () => {
    await echoAcross({ total: 2000, outstanding: 200, releaseAt: 300 });
  });

  it("changes transport between two events of a client that has one in flight", async () => {
    await echoAcross({ total: 1000, outstanding: 1, releaseAt: 100 });
  });

  it("keeps attachments with their event across the upgrade", async () => {
    const describe = (number) => [number, ...Array.from({ length: number % 3 }, (_, at) => Buffer.alloc(8, number + at))];
    await echoAcross({ total: 2000, outstanding: 200, releaseAt: 300, describe });
  });

  it("loses nothing of a broadcast to thirty clients that upgrade meanwhile", async () => {
    const room = freshRoom();
    const total = 1500;
    const proxy = await stage.proxy({ websockets: "hold" });
    const crowd = await stage.crowd(30, room, { url: proxy.url });
    const speaker = await stage.settled();
    const transports = crowd.map(transportsOf);
    for (let number = 0; number < total; number += 1) {
      if (number === 300) proxy.release();
      if (number === 1200) await until(() => transports.every((seen) => seen.size > 1), "all have upgraded");
      await speaker.ask("say", room, number);
    }
    const numbers = Array.from({ length: total }, (_, number) => number);
    for (const peer of crowd) assert.deepEqual(await peer.heardFrom(speaker), numbers);
    for (const seen of transports) assert.deepEqual([...seen], ["polling", "websocket"]);
  });

  it("stays on polling when no WebSocket gets through", async () => {
    const proxy = await stage.proxy({ websockets: "refuse" });
    const peer = await stage.connected("/", { url: proxy.url });
    await echoInOrder(peer, { total: 500, outstanding: 50 });
    assert.equal(peer.transport, "polling");
  });

  it("goes on with polling when the upgrade stalls", async () => {
    const fixture = await stage.ownFixture({ UPGRADE_TIMEOUT_MS: 300 });
    const proxy = await stage.proxy({ websockets: "mute" }, fixture);
    const peer = await stage.connected("/", { url: proxy.url });
    const failed = once(peer.socket.io.engine, "upgradeError");
    await echoInOrder(peer, { total: 500, outstanding: 50 });
    await within(failed, "the upgrade to fail");
    assert.deepEqual(await peer.ask("message-with-ack", "still here"), ["still here"]);
    assert.equal(peer.transport, "polling");
    assert.equal(peer.waiting("disconnect"), 0);
  });

  it("tells the end of a client that leaves while it upgrades", async () => {
    const room = freshRoom();
    const proxy = await stage.proxy({ websockets: "hold" });
    const [witness] = await stage.crowd(1, room);
    const [leaver] = await stage.crowd(1, room, { url: proxy.url });
    const { id } = leaver;
    leaver.socket.disconnect();
    proxy.release();
    assert.deepEqual(await witness.next("left"), [{ id, reason: "client namespace disconnect" }]);
  });

  it("reaches a client with its disconnection while it upgrades", async () => {
    const proxy = await stage.proxy({ websockets: "hold" });
    const peer = await stage.connected("/", { url: proxy.url });
    peer.emit("kick", true);
    proxy.release();
    assert.equal((await peer.next("disconnect"))[0], "io server disconnect");
  });

  async function echoAcross({ releaseAt, ...run }) {
    const proxy = await stage.proxy({ websockets: "hold" });
    const peer = await stage.connected("/", { url: proxy.url });
    const used = new Map();
    const at = (number) => {
      used.set(peer.transport, (used.get(peer.transport) ?? 0) + 1);
      if (number === releaseAt) proxy.release();
    };
    await echoInOrder(peer, { ...run, at });
    await nothingMore(peer, run.total);
    assert.deepEqual([...used.keys()], ["polling", "websocket"], "the upgrade fell into the run");
    assert.ok(used.get("polling") > releaseAt);
  }
}

/** The transports over which this peer hears words, in the order of their use. */
function transportsOf(peer) {
  const seen = new Set();
  peer.socket.on("said", () => seen.add(peer.transport));
  return seen;
}
