// Ends: what the stock client reports, what the others in the room are told, and whether the client comes back.

import assert from "node:assert/strict";
import { it } from "node:test";
import { freshRoom } from "../support/stage.js";
import { until } from "../support/wait.js";

const QUICK_HEARTBEAT = { PING_INTERVAL_MS: 300, PING_TIMEOUT_MS: 900 };

export function disconnect(stage) {
  const abrupt = stage.endsAsWebSocket ? "transport close" : "transport error";

  it("says farewell when the client disconnects, and the client stays away", async () => {
    const { leaver, witness } = await scene();
    const { id } = leaver;
    leaver.socket.disconnect();
    assert.equal((await leaver.next("disconnect"))[0], "io client disconnect");
    assert.deepEqual(await witness.next("left"), [{ id, reason: "client namespace disconnect" }]);
    assert.equal(leaver.active, false);
  });

  it("tells those who shared a room once, and nobody else", async () => {
    const [a, b] = [freshRoom(), freshRoom()];
    const { leaver, witness } = await scene({ room: a });
    const stranger = await stage.connected();
    await Promise.all([leaver.ask("join", b), witness.ask("join", b), stranger.ask("join", freshRoom())]);
    leaver.socket.disconnect();
    await witness.next("left");
    await witness.ask("all", "closing word");
    await Promise.all([witness.next("said"), stranger.next("said")]);
    assert.equal(witness.waiting("left"), 0);
    assert.equal(stranger.waiting("left"), 0);
  });

  it("has forgotten the rooms of a client that comes back", async () => {
    const { leaver, witness, room } = await scene();
    leaver.socket.disconnect().connect();
    await leaver.next("connect");
    assert.deepEqual(await leaver.ask("rooms"), [[leaver.id]]);
    await witness.ask("say", room, "anyone?");
    assert.deepEqual(await leaver.heardFrom(witness), []);
  });

  it("kicks one namespace; the others stay, and the client may connect again by hand", stage.laterThan2, async () => {
    const { leaver, witness } = await scene();
    const { id } = leaver;
    const custom = stage.alongside(leaver, "/custom");
    await custom.next("connect");
    leaver.emit("kick", false);
    assert.equal((await leaver.next("disconnect"))[0], "io server disconnect");
    assert.equal(leaver.active, false, "the client does not come back by itself");
    assert.deepEqual(await witness.next("left"), [{ id, reason: "server namespace disconnect" }]);
    assert.deepEqual(await custom.ask("message-with-ack", 1), [1]);
    assert.equal(custom.waiting("disconnect"), 0);
    leaver.socket.connect();
    await leaver.next("connect");
    assert.notEqual(leaver.id, id);
  });

  it("kicks the whole connection with all its namespaces", async () => {
    const { leaver, witness } = await scene();
    const { id } = leaver;
    const custom = stage.alongside(leaver, "/custom");
    await custom.next("connect");
    leaver.emit("kick", true);
    assert.equal((await leaver.next("disconnect"))[0], "io server disconnect");
    assert.equal((await custom.next("disconnect"))[0], "io server disconnect");
    assert.deepEqual(await witness.next("left"), [{ id, reason: "server namespace disconnect" }]);
    leaver.socket.connect();
    await leaver.next("connect");
    assert.deepEqual(await leaver.ask("message-with-ack", "again"), ["again"]);
  });

  it("notices a client that closes its transport, and the client comes back", async () => {
    const { leaver, witness } = await scene();
    const { id } = leaver;
    leaver.socket.io.engine.close();
    assert.equal((await leaver.next("disconnect"))[0], "forced close");
    assert.deepEqual(await witness.next("left"), [{ id, reason: "transport close" }]);
    await leaver.next("connect");
    assert.notEqual(leaver.id, id);
  });

  it("notices a connection that is cut, on both sides", async () => {
    const proxy = await stage.proxy();
    const { leaver, witness } = await scene({ options: { url: proxy.url } });
    const { id } = leaver;
    await until(() => proxy.rests, "the connection rests");
    proxy.cut();
    assert.equal((await leaver.next("disconnect"))[0], abrupt);
    const [left] = await witness.next("left");
    assert.equal(left.id, id);
    // A client that polls may still say goodbye, by a new connection.
    const goodbye = stage.endsAsWebSocket ? [] : ["transport close"];
    assert.ok([abrupt, ...goodbye].includes(left.reason), left.reason);
    await leaver.next("connect");
  });

  it("gives up on a connection that went silent, on both sides", stage.laterThan2, async () => {
    const fixture = await stage.ownFixture(QUICK_HEARTBEAT);
    const proxy = await stage.proxy({}, fixture);
    const { leaver, witness } = await scene({ options: { url: proxy.url }, url: fixture.url });
    const { id } = leaver;
    await until(() => proxy.rests, "the connection rests");
    proxy.freeze();
    assert.equal((await leaver.next("disconnect"))[0], "ping timeout");
    assert.deepEqual(await witness.next("left"), [{ id, reason: "ping timeout" }]);
    await leaver.next("connect");
  });

  it("keeps an idle connection alive by its heartbeat", async () => {
    const fixture = await stage.ownFixture({ PING_INTERVAL_MS: 100, PING_TIMEOUT_MS: 2000 });
    const peer = await stage.settled("/", { url: fixture.url });
    let pings = 0;
    await new Promise((resolve) => {
      peer.socket.io.on("ping", () => (pings += 1) === 10 && resolve());
      peer.socket.on("disconnect", resolve);
    });
    assert.equal(pings, 10);
    assert.deepEqual(await peer.ask("message-with-ack", "alive"), ["alive"]);
  });

  it("closes the connection on what is no packet", async () => {
    const { leaver, witness } = await scene();
    const { id } = leaver;
    leaver.socket.io.engine.write("2[no packet");
    assert.equal((await leaver.next("disconnect"))[0], "transport close");
    assert.deepEqual(await witness.next("left"), [{ id, reason: "forced close" }]);
    await leaver.next("connect");
  });

  it("closes the connection on a message over the limit", async () => {
    const { leaver, witness } = await scene();
    const { id } = leaver;
    leaver.emit("message", "x".repeat(1_000_001));
    assert.equal((await leaver.next("disconnect"))[0], abrupt);
    assert.equal((await witness.next("left"))[0].id, id);
    assert.equal(leaver.waiting("message-back"), 0);
    await leaver.next("connect");
  });

  /** Two in a room: one who will leave, on `options`, and one who watches, on a plain connection. */
  async function scene({ room = freshRoom(), options, url } = {}) {
    const [leaver, witness] = await Promise.all([stage.settled("/", options), stage.settled("/", url && { url })]);
    await Promise.all([leaver.ask("join", room), witness.ask("join", room)]);
    return { leaver, witness, room };
  }
}
