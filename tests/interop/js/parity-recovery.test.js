// Connection state recovery: a stock client loses its transport and comes back.

import assert from "node:assert/strict";
import { it } from "node:test";
import { parity } from "./support/parity.js";
import { freshRoom } from "./support/stage.js";

const ON = { RECOVERY_WINDOW_MS: 60_000 };
const state = async (peer) => (await peer.ask("state"))[0];
/** Without the offset, which is the last argument. */
const said = async (peer) => (await peer.next("said")).slice(0, -1);

function recovery(stage) {
  /** A client in a room, who says that he is there. */
  const member = async (room, options) => {
    const peer = await stage.settled("/recover", options);
    await peer.ask("join", room);
    return peer;
  };

  /** Cuts the connection off, and holds the client back from coming again until `back` is called. */
  const lose = async (peer) => {
    const { io: manager } = peer.socket;
    manager.reconnection(false);
    // What the server sees is a transport that is closed, not a DISCONNECT.
    manager.engine.close();
    await peer.next("disconnect");
    return async () => {
      manager.reconnection(true);
      peer.socket.connect();
      await peer.next("connect");
    };
  };

  /** Waits until the server has noticed that somebody is gone. */
  const until = async (peer, room, count) => {
    while ((await peer.ask("count", room))[0] !== count);
  };

  it("restores the session and missed packets, before the connection counts as established", async () => {
    const room = freshRoom();
    const [ann, bob] = [await member(room), await member(room)];
    await bob.ask("say", room, "first");
    assert.deepEqual(await said(ann), ["first"]);
    const { id } = ann;
    const order = [];
    ann.socket.on("said", (text) => order.push(text));
    ann.socket.on("connect", () => order.push("connect"));
    const back = await lose(ann);
    await until(bob, room, 1);
    await bob.ask("say", room, "to the room");
    await bob.ask("say", null, "to everyone");
    await bob.ask("say", id, "to its own room");
    await bob.ask("say", freshRoom(), "to another room");
    await back();
    assert.deepEqual([await said(ann), await said(ann), await said(ann)], [["to the room"], ["to everyone"], ["to its own room"]]);
    assert.deepEqual([ann.socket.recovered, ann.id], [true, id]);
    assert.deepEqual(await state(ann), { recovered: true, rooms: [room], score: 0 });
    await bob.ask("say", room, "afterwards");
    assert.deepEqual(await said(ann), ["afterwards"]);
    assert.equal(ann.waiting("said"), 0);
  });

  it("restores rooms and data attributes", async () => {
    const rooms = [freshRoom(), freshRoom(), freshRoom()];
    const ann = await member(rooms[0]);
    for (const room of rooms) await ann.ask("join", room);
    ann.emit("leave", rooms[1]);
    await ann.ask("goal");
    const back = await lose(ann);
    await back();
    const { recovered, rooms: kept, score } = await state(ann);
    assert.deepEqual([recovered, kept.sort(), score], [true, [rooms[0], rooms[2]].sort(), 1]);
  });

  it("recovers a client that never got an event", async () => {
    const ann = await stage.settled("/recover");
    const { id } = ann;
    const bob = await stage.connected("/recover");
    const back = await lose(ann);
    await until(bob, id, 0);
    await bob.ask("say", null, "first event");
    await back();
    assert.deepEqual([ann.socket.recovered, ann.id], [true, id]);
    assert.deepEqual(await said(ann), ["first event"]);
  });

  it("sends nothing twice when the client is lost again and again", async () => {
    const room = freshRoom();
    const [ann, bob] = [await member(room), await member(room)];
    for (let round = 0; round < 5; round += 1) {
      const back = await lose(ann);
      await until(bob, room, 1);
      await bob.ask("say", room, round, Buffer.from([round]));
      await back();
      assert.ok(ann.socket.recovered);
      assert.deepEqual(await said(ann), [round, Buffer.from([round])]);
    }
    assert.equal(ann.waiting("said"), 0);
  });

  it("loses and doubles nothing and keeps the order while others never stop", async () => {
    const rooms = [freshRoom(), freshRoom()];
    const ann = await member(rooms[0]);
    await ann.ask("join", rooms[1]);
    const bob = await stage.settled("/recover");
    const got = [];
    ann.socket.on("said", (number) => got.push(number));
    const total = 300;
    let sent = 0;
    const talk = (async () => {
      while (sent < total) {
        const number = sent++;
        await bob.ask("say", number % 3 === 2 ? null : rooms[number % 2], number);
      }
    })();
    while (sent < total) {
      const before = sent;
      while (sent < before + 20 && sent < total) await bob.ask("count", rooms[0]);
      const back = await lose(ann);
      await back();
      assert.ok(ann.socket.recovered);
    }
    await talk;
    await bob.ask("say", ann.id, "end");
    while (got.at(-1) !== "end") await ann.ask("state");
    assert.deepEqual(got.slice(0, -1), Array.from({ length: total }, (_, number) => number));
  });

  it("leaves volatile events out, and is not confused by one that ends in a string", async () => {
    const room = freshRoom();
    const [ann, bob] = [await member(room), await member(room)];
    await bob.ask("say", room, "kept");
    assert.deepEqual(await said(ann), ["kept"]);
    await bob.ask("say-volatile", room, "a string at the end");
    if ((await state(ann)) && ann.waiting("said")) await ann.next("said");
    const back = await lose(ann);
    await until(bob, room, 1);
    await bob.ask("say-volatile", room, "missed");
    await bob.ask("say", room, "kept, too");
    await back();
    assert.ok(ann.socket.recovered);
    assert.deepEqual(await said(ann), ["kept, too"]);
    assert.equal(ann.waiting("said"), 0);
  });

  it("recovers while the server still thinks that the old connection is alive", async () => {
    const room = freshRoom();
    const [ann, bob] = [await member(room), await member(room)];
    await bob.ask("say", room, "first");
    await said(ann);
    const { id } = ann;
    const twin = stage.client("/recover");
    twin.socket._pid = ann.socket._pid;
    twin.socket._lastOffset = ann.socket._lastOffset;
    ann.socket.io.reconnection(false);
    await twin.next("connect");
    assert.deepEqual([twin.socket.recovered, twin.id], [true, id]);
    await ann.next("disconnect");
    await bob.ask("say", room, "second");
    assert.deepEqual(await said(twin), ["second"]);
  });

  it("fails to restore an unknown session, or one whose client said goodbye", async () => {
    const ann = stage.client("/recover");
    ann.socket._pid = "made-up";
    ann.socket._lastOffset = "1";
    await ann.next("connect");
    assert.equal(ann.socket.recovered, false);
    assert.equal((await state(ann)).recovered, false);
    const { id } = ann;
    ann.socket.disconnect().connect();
    await ann.next("connect");
    assert.equal(ann.socket.recovered, false);
    assert.notEqual(ann.id, id);
    const kicked = await stage.settled("/recover");
    kicked.emit("go", false);
    await kicked.next("disconnect");
    kicked.socket.connect();
    await kicked.next("connect");
    assert.equal(kicked.socket.recovered, false);
  });

  it("fails when more was missed than is kept", async () => {
    const { url } = await stage.ownFixture({ RECOVERY_EVENTS: 3 });
    const [ann, bob] = [await member("room", { url }), await member("room", { url })];
    await bob.ask("say", "room", "seen");
    await said(ann);
    const back = await lose(ann);
    await until(bob, "room", 1);
    for (let number = 0; number < 4; number += 1) await bob.ask("say", "room", number);
    await back();
    assert.equal(ann.socket.recovered, false);
    assert.deepEqual(await state(ann), { recovered: false, rooms: [], score: 0 });
  });

  it("fails when the client comes too late, and its rooms are empty then", async () => {
    const { url } = await stage.ownFixture({ RECOVERY_WINDOW_MS: 200 });
    const ann = await member("room", { url });
    const { id } = ann;
    const back = await lose(ann);
    const late = Date.now() + 400;
    const bob = await stage.connected("/recover", { url });
    while (Date.now() < late) await bob.ask("count", "room");
    await back();
    assert.equal(ann.socket.recovered, false);
    assert.notEqual(ann.id, id);
  });

  it("runs middlewares upon recovery by default, and does not when told", async () => {
    for (const [SKIP_MIDDLEWARE, calls] of [[false, 2], [true, 1]]) {
      const { url } = await stage.ownFixture({ SKIP_MIDDLEWARE });
      const ann = await stage.settled("/counted", { url });
      const back = await lose(ann);
      await back();
      assert.ok(ann.socket.recovered);
      assert.deepEqual(await ann.ask("calls"), [calls]);
    }
  });

  it("is disabled by default: no pid, no offsets", async () => {
    const { url } = await stage.ownFixture({ RECOVERY_WINDOW_MS: 0 });
    const ann = await member("room", { url });
    await ann.ask("say", "room", "plain");
    assert.deepEqual(await ann.next("said"), ["plain"]);
    assert.equal(ann.socket._pid, undefined);
    const back = await lose(ann);
    await back();
    assert.ok(!ann.socket.recovered);
    assert.equal((await state(ann)).recovered, false);
  });
}

parity("connection state recovery", recovery, { settings: ON });
