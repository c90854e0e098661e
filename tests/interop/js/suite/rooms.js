// Rooms and broadcasts: who hears, who does not, how often, and in which order.

import assert from "node:assert/strict";
import { it } from "node:test";
import { freshRoom } from "../support/stage.js";
import { within } from "../support/wait.js";

const sorted = (list) => [...list].sort();

export function rooms(stage) {
  it("lists the rooms of a socket, its own among them", async () => {
    const peer = await stage.connected();
    assert.deepEqual(await peer.ask("rooms"), [[peer.id]]);
    const [a, b] = [freshRoom(), freshRoom("ünïcode 🦀")];
    assert.deepEqual(await peer.ask("join", a), ["ok"]);
    assert.deepEqual(await peer.ask("join", b), ["ok"]);
    assert.deepEqual(await peer.ask("join", a), ["ok"], "joining twice is joining");
    assert.deepEqual(sorted((await peer.ask("rooms"))[0]), sorted([peer.id, a, b]));
    assert.deepEqual(await peer.ask("leave", a), ["ok"]);
    assert.deepEqual(await peer.ask("leave", a), ["ok"], "leaving twice is leaving");
    assert.deepEqual(sorted((await peer.ask("rooms"))[0]), sorted([peer.id, b]));
  });

  it("tells everyone in the room, the sender too, and nobody else", async () => {
    const room = freshRoom();
    const [ann, bob] = await stage.crowd(2, room);
    const cid = await stage.connected();
    await ann.ask("say", room, { hello: "room" });
    assert.deepEqual(await ann.heardFrom(ann), [{ hello: "room" }]);
    assert.deepEqual(await bob.heardFrom(ann), [{ hello: "room" }]);
    assert.deepEqual(await cid.heardFrom(ann), []);
  });

  it("takes words for a room from someone outside it", async () => {
    const room = freshRoom();
    const [ann] = await stage.crowd(1, room);
    const bob = await stage.connected();
    await bob.ask("say", room, "from outside");
    assert.deepEqual(await ann.heardFrom(bob), ["from outside"]);
    assert.deepEqual(await bob.heardFrom(bob), []);
  });

  it("shouts to everyone in the room but the sender", async () => {
    const room = freshRoom();
    const [ann, bob, cid] = await stage.crowd(3, room);
    await ann.ask("shout", room, "hey");
    assert.deepEqual(await ann.heardFrom(ann), []);
    assert.deepEqual(await bob.heardFrom(ann), ["hey"]);
    assert.deepEqual(await cid.heardFrom(ann), ["hey"]);
  });

  it("tells nobody who has left, and again who came back", async () => {
    const room = freshRoom();
    const [ann, bob] = await stage.crowd(2, room);
    await bob.ask("leave", room);
    await ann.ask("say", room, "while away");
    assert.deepEqual(await bob.heardFrom(ann), []);
    await bob.ask("join", room);
    await ann.ask("say", room, "back");
    assert.deepEqual(await bob.heardFrom(ann), ["back"]);
    assert.deepEqual(await ann.heardFrom(ann), ["while away", "back"]);
  });

  it("serves one socket alone by its id", async () => {
    const [ann, bob, cid] = await Promise.all([stage.connected(), stage.connected(), stage.connected()]);
    await ann.ask("say", bob.id, "psst");
    assert.deepEqual(await bob.heardFrom(ann), ["psst"]);
    assert.deepEqual(await cid.heardFrom(ann), []);
    assert.deepEqual(await ann.heardFrom(ann), []);
  });

  it("serves a union of rooms once each, without those excepted", async () => {
    const [a, b, c] = [freshRoom(), freshRoom(), freshRoom()];
    const members = { ann: [a], bob: [a, b], cid: [b, c], dan: [a, b, c], eve: [c] };
    const entries = Object.entries(members).map(async ([name, joined]) => {
      const peer = await stage.connected();
      for (const room of joined) await peer.ask("join", room);
      return [name, peer];
    });
    const peers = Object.fromEntries(await Promise.all(entries));
    const { ann, bob, eve } = peers;
    await ann.ask("say-many", [a, b], [], 1);
    await eve.ask("say-many", [a, b, a], [c], 2);
    await ann.ask("say-many", [a, b, c], [bob.id, "no such room"], 3);
    await ann.ask("say-many", [c, eve.id], [], 4);
    const expected = { ann: [1, 2, 3], bob: [1, 2], cid: [1, 3, 4], dan: [1, 3, 4], eve: [3, 4] };
    for (const [name, peer] of Object.entries(peers)) {
      const heard = [...(await peer.heardFrom(eve)), ...(await peer.heardFrom(ann))];
      assert.deepEqual(sorted(heard), expected[name], name);
    }
  });

  it("tells the whole namespace, and no other", async () => {
    const [ann, bob] = await Promise.all([stage.connected(), stage.connected()]);
    const elsewhere = await stage.connected("/policy");
    const alongside = stage.alongside(ann, "/policy");
    await alongside.next("connect");
    await ann.ask("all", { to: "all" });
    assert.deepEqual(await bob.heardFrom(ann), [{ to: "all" }]);
    assert.deepEqual(await ann.heardFrom(ann), [{ to: "all" }]);
    assert.deepEqual(await elsewhere.heardFrom(elsewhere), []);
    assert.deepEqual(await alongside.heardFrom(alongside), []);
  });

  it("shows the sender its own broadcast before the ack", async () => {
    const room = freshRoom();
    const [ann] = await stage.crowd(1, room);
    const story = [];
    ann.socket.on("said", (number) => story.push(`said ${number}`));
    const acked = Array.from({ length: 200 }, (_, number) => {
      const request = number % 2 ? ["say-many", [room, ann.id], [], number] : ["say", room, number];
      return new Promise((resolve) => ann.emit(...request, () => resolve(story.push(`ok ${number}`))));
    });
    await within(Promise.all(acked), "all acks");
    assert.deepEqual(story, Array.from({ length: 200 }, (_, number) => [`said ${number}`, `ok ${number}`]).flat());
  });

  it("keeps one sender's order over rooms, unions and direct replies", async () => {
    const [a, b] = [freshRoom(), freshRoom()];
    const [ann, bob] = await stage.crowd(2, a);
    await Promise.all([ann.ask("join", b), bob.ask("join", b)]);
    const verbs = [
      (number) => ann.emit("say", a, number),
      (number) => ann.emit("say", b, number),
      (number) => ann.emit("say-many", [a, b], [], number),
      (number) => ann.emit("shout", a, number),
      (number) => ann.emit("all", number),
      (number) => ann.emit("say", bob.id, number),
    ];
    const numbers = Array.from({ length: 600 }, (_, number) => number);
    for (const number of numbers) verbs[number % verbs.length](number);
    assert.deepEqual(await bob.heardFrom(ann), numbers);
  });

  it("tells every member of a crowd everything once, in order", async () => {
    const room = freshRoom();
    const crowd = await stage.crowd(40, room);
    const numbers = Array.from({ length: 50 }, (_, number) => number);
    for (const number of numbers) crowd[0].emit("say", room, number);
    for (const peer of crowd) assert.deepEqual(await peer.heardFrom(crowd[0]), numbers);
  });

  it("refuses a room that is not a name, and the socket works on", async () => {
    const peer = await stage.connected();
    for (const room of [7, null, { room: "x" }, ["x"]]) {
      const [answer] = await peer.ask("join", room);
      assert.equal(answer.error?.code, "bad_payload");
    }
    assert.deepEqual(await peer.ask("rooms"), [[peer.id]]);
  });

  it("lets clients join and leave themselves only as the policy says", async () => {
    const [ann, bob] = await Promise.all([stage.connected("/policy"), stage.connected("/policy")]);
    const room = freshRoom("public-room");
    for (const peer of [ann, bob]) {
      const [answer] = await peer.ask("join", room);
      assert.equal(answer?.error, undefined);
    }
    const [{ error }] = await ann.ask("join", freshRoom("secret"));
    assert.ok(typeof error.code === "string" && error.code.length > 0);
    assert.deepEqual(sorted((await ann.ask("rooms"))[0]), sorted([ann.id, room]));
    await bob.ask("say", room, "hello");
    assert.deepEqual(await ann.heardFrom(bob), ["hello"]);
    await ann.ask("leave", room);
    assert.deepEqual(await ann.ask("rooms"), [[ann.id]]);
  });

  it("does not let a client leave a room that the policy keeps", async () => {
    const peer = await stage.connected("/policy");
    const [answer] = await peer.ask("leave", peer.id);
    assert.ok(answer?.error);
    assert.deepEqual(await peer.ask("rooms"), [[peer.id]]);
  });
}
