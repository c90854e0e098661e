// Broadcast operator and server utilities, seen by stock clients.

import assert from "node:assert/strict";
import { it } from "node:test";
import { parity } from "./support/parity.js";
import { freshRoom } from "./support/stage.js";

const voting = (peer, answer) => peer.socket.on("vote?", (...args) => args.pop()(...answer(args)));

function broadcast(stage) {
  it("broadcasts and expects multiple acknowledgements", async () => {
    const room = freshRoom();
    const crowd = await stage.crowd(3, room);
    crowd.forEach((peer, place) => voting(peer, ([of]) => [of, place]));
    const [{ received, missing }] = await crowd[0].ask("vote", room, 5000);
    assert.deepEqual(missing, {});
    assert.deepEqual(received, Object.fromEntries(crowd.map((peer, place) => [peer.id, [room, place]])));
  });

  it("names those that do not acknowledge in the given delay, beside the answers", async () => {
    const room = freshRoom();
    const [ann, bob, eve] = await stage.crowd(3, room);
    voting(ann, () => ["yes"]);
    voting(bob, () => ["no"]);
    const [{ received, missing }] = await ann.ask("vote", room, 300);
    assert.deepEqual(received, { [ann.id]: "yes", [bob.id]: "no" });
    assert.deepEqual(missing, { [eve.id]: "timeout" });
  });

  it("names those that leave before they acknowledge", async () => {
    const room = freshRoom();
    const [ann, bob] = await stage.crowd(2, room);
    voting(ann, () => ["yes"]);
    const { id } = bob;
    bob.socket.on("vote?", () => bob.socket.disconnect());
    const [{ received, missing }] = await ann.ask("vote", room, 8000);
    assert.deepEqual([received, missing], [{ [ann.id]: "yes" }, { [id]: "disconnected" }]);
  });

  it("broadcasts and returns if the packet is sent to 0 client", async () => {
    const ann = await stage.connected();
    assert.deepEqual(await ann.ask("vote", freshRoom(), 8000), [{ received: {}, missing: {} }]);
  });

  it("leaves the sender out, and takes an answer once", async () => {
    const room = freshRoom();
    const [ann, bob] = await stage.crowd(2, room);
    bob.socket.on("vote?", (_room, answer) => {
      answer("first");
      answer("second");
    });
    const [{ received, missing }] = await ann.ask("vote-others", room);
    assert.deepEqual([received, missing], [{ [bob.id]: "first" }, {}]);
    assert.equal(ann.waiting("vote?"), 0);
  });

  it("asks everyone, with acknowledgements of the sockets' own in between", async () => {
    const { url } = await stage.ownFixture();
    const peers = await Promise.all([1, 2].map(() => stage.connected("/", { url })));
    for (const peer of peers) voting(peer, () => [peer.id]);
    for (let round = 0; round < 3; round += 1) {
      const [[{ received }]] = await Promise.all([peers[0].ask("vote-everyone"), peers[1].ask("rooms")]);
      assert.deepEqual(received, Object.fromEntries(peers.map((peer) => [peer.id, peer.id])));
    }
  });

  it("sends volatile events in order, the regular one behind them always", async () => {
    const room = freshRoom();
    const [ann] = await stage.crowd(1, room);
    await ann.ask("burst", room, 50);
    assert.deepEqual(await ann.next("burst-over"), [50]);
    let last = -1;
    while (ann.waiting("position") > 0) {
      const [number] = await ann.next("position");
      assert.ok(number > last);
      last = number;
    }
  });
}

function utilities(stage) {
  it("fetchSockets returns all socket instances in the given room, with data, rooms and handshake", async () => {
    const room = freshRoom();
    const [ann, bob] = await stage.crowd(2, room, { query: { marker: "m" } });
    await stage.connected();
    await ann.ask("put", "ann");
    const [found] = await bob.ask("fetch", room);
    const expected = [
      { id: ann.id, rooms: [room], data: "ann", marker: "m" },
      { id: bob.id, rooms: [room], data: null, marker: "m" },
    ];
    const byId = (left, right) => left.id.localeCompare(right.id);
    assert.deepEqual(found.sort(byId), expected.sort(byId));
  });

  it("fetchSockets returns all socket instances", async () => {
    const { url } = await stage.ownFixture();
    const peers = await Promise.all([1, 2, 3].map(() => stage.connected("/", { url })));
    const [found] = await peers[0].ask("fetch");
    assert.deepEqual(found.map((socket) => socket.id).sort(), peers.map((peer) => peer.id).sort());
  });

  it("socketsJoin makes all socket instances in a room join the given room, before the next emit", async () => {
    const [from, to] = [freshRoom(), freshRoom()];
    const [ann, bob] = await stage.crowd(2, from);
    await ann.ask("sockets-join", from, to);
    for (const peer of [ann, bob]) {
      assert.deepEqual(await peer.next("said"), ["joined", to]);
      assert.deepEqual((await peer.ask("rooms"))[0].slice(1), [from, to]);
    }
  });

  it("socketsJoin makes all socket instances join the given room", async () => {
    const { url } = await stage.ownFixture();
    const [ann, bob] = await Promise.all([1, 2].map(() => stage.connected("/", { url })));
    await ann.ask("sockets-join", null, "all");
    for (const peer of [ann, bob]) assert.deepEqual(await peer.next("said"), ["joined", "all"]);
  });

  it("socketsLeave makes all socket instances in a room leave the given room, before the next emit", async () => {
    const room = freshRoom();
    const [ann, bob] = await stage.crowd(2, room);
    await ann.ask("sockets-leave", room, room);
    await ann.ask("say", bob.id, "over");
    assert.deepEqual(await bob.next("said"), ["over"]);
    assert.deepEqual(await bob.ask("rooms"), [[bob.id]]);
  });

  it("socketsLeave makes all socket instances leave the given room", async () => {
    const { url } = await stage.ownFixture();
    const crowd = await stage.crowd(2, "all", { url });
    await crowd[0].ask("sockets-leave", null, "all");
    for (const peer of crowd) while ((await peer.ask("rooms"))[0].length > 1);
    assert.deepEqual(await crowd[0].ask("fetch", "all"), [[]]);
  });

  it("disconnectSockets makes all socket instances disconnect", async () => {
    const { url } = await stage.ownFixture();
    const crowd = await stage.crowd(3, "all", { url });
    crowd[0].emit("disconnect-sockets", null, false);
    for (const peer of crowd) assert.equal((await peer.next("disconnect"))[0], "io server disconnect");
  });

  it("a socket joins again after it was made to leave", async () => {
    const room = freshRoom();
    const [ann] = await stage.crowd(1, room);
    await ann.ask("sockets-leave", room, room);
    await ann.ask("join", room);
    await ann.ask("say", room, "again");
    assert.deepEqual(await ann.next("said"), ["again"]);
    assert.deepEqual(await ann.ask("rooms"), [[ann.id, room]]);
  });

  for (const close of [false, true]) {
    it(`disconnectSockets(${close}) makes all socket instances in a room disconnect, behind what was emitted`, async () => {
      const room = freshRoom();
      const crowd = await stage.crowd(3, room);
      const other = await stage.connected();
      await other.ask("disconnect-sockets", room, close);
      for (const peer of crowd) {
        assert.deepEqual(await peer.next("said"), ["bye"]);
        assert.equal((await peer.next("disconnect"))[0], "io server disconnect");
      }
      assert.deepEqual(await other.ask("fetch", room), [[]]);
      assert.equal(other.waiting("disconnect"), 0);
    });
  }

  it("tells of rooms that are created, joined, left and deleted, in order", async () => {
    const room = freshRoom();
    // One after the other: who joins first is told first.
    const [ann] = await stage.crowd(1, room);
    const [bob] = await stage.crowd(1, room);
    await ann.ask("sockets-leave", ann.id, room);
    const { id } = bob;
    const told = async (room) => (await ann.ask("room-events", room))[0];
    bob.socket.disconnect();
    const expected = [
      ["create-room", null],
      ["join-room", ann.id],
      ["join-room", id],
      ["leave-room", ann.id],
      ["leave-room", id],
      ["delete-room", null],
    ];
    while ((await told(room)).length < expected.length);
    assert.deepEqual(await told(room), expected);
    const own = [["create-room", null], ["join-room", id], ["leave-room", id], ["delete-room", null]];
    assert.deepEqual(await told(id), own);
  });
}

parity("broadcasts", broadcast);
parity("server utilities", utilities);
