// Two servers of one cluster, seen by stock clients of both.

import assert from "node:assert/strict";
import { it } from "node:test";
import { parity } from "./support/parity.js";
import { freshRoom } from "./support/stage.js";

/** A client of the first node and one of the second, in rooms of the same name. */
async function pair(stage, room) {
  const [ann] = await stage.crowd(1, room);
  const [port] = await ann.ask("second-node");
  const [bob] = await stage.crowd(1, room, { url: `http://127.0.0.1:${port}` });
  return [ann, bob];
}

function cluster(stage) {
  it("serverSideEmit reaches the other node, and not the own one", async () => {
    const room = freshRoom();
    const [ann, bob] = await pair(stage, room);
    await ann.ask("server-side", "tell", room, { from: "ann" });
    assert.deepEqual(await bob.next("told"), ["second", { from: "ann" }]);
    await bob.ask("server-side", "tell", room, { from: "bob" });
    assert.deepEqual(await ann.next("told"), ["first", { from: "bob" }]);
    assert.deepEqual([ann.waiting("told"), bob.waiting("told")], [0, 0]);
  });

  it("serverSideEmitWithAck gets the answer of the other node", async () => {
    const [ann, bob] = await pair(stage, freshRoom());
    const answered = (received) => [{ received, refused: [], missing: 0 }];
    assert.deepEqual(await ann.ask("server-side-ask", "who"), answered(["second"]));
    assert.deepEqual(await bob.ask("server-side-ask", "who"), answered(["first"]));
    assert.deepEqual(await bob.ask("server-side-ask", "sum", [1, 2, 3]), answered([6]));
  });

  it("serverSideEmitWithAck tells of refusals, of arguments of another form, and of nodes that do not answer", async () => {
    const [ann] = await pair(stage, freshRoom());
    assert.deepEqual(await ann.ask("server-side-ask", "refuse"), [{ received: [], refused: ["busy"], missing: 0 }]);
    const [{ refused }] = await ann.ask("server-side-ask", "sum", "no list");
    assert.deepEqual(refused, ["bad_payload"]);
    assert.deepEqual(await ann.ask("server-side-ask", "nobody listens"), [{ received: [], refused: [], missing: 1 }]);
  });

  it("serverSideEmit throws on a reserved event", async () => {
    const [ann] = await pair(stage, freshRoom());
    for (const name of ["connect", "connection", "new_namespace"]) {
      assert.equal((await ann.ask("server-side", name))[0].error.code, "internal");
    }
  });

  it("emits to a room on both nodes, in order, and to one node only with the `local` flag", async () => {
    const room = freshRoom();
    const [ann, bob] = await pair(stage, room);
    for (let number = 0; number < 20; number += 1) {
      await ann.ask(number % 2 ? "say" : "say-local", room, number);
    }
    for (let number = 0; number < 20; number += 1) assert.deepEqual(await ann.next("said"), [number]);
    for (let number = 1; number < 20; number += 2) assert.deepEqual(await bob.next("said"), [number]);
    assert.equal(bob.waiting("said"), 0);
  });

  it("leaves the sender out, and binary whole", async () => {
    const room = freshRoom();
    const [ann, bob] = await pair(stage, room);
    await ann.ask("say-others", room, { bytes: Buffer.from([1, 2]) });
    assert.deepEqual(await bob.next("said"), [{ bytes: Buffer.from([1, 2]) }]);
    await bob.ask("say", room, "over");
    assert.deepEqual(await ann.next("said"), ["over"]);
  });

  it("socketsJoin, socketsLeave and disconnectSockets act on both nodes", async () => {
    const [from, to] = [freshRoom(), freshRoom()];
    const [ann, bob] = await pair(stage, from);
    await ann.ask("sockets-join", from, to);
    for (const peer of [ann, bob]) {
      assert.deepEqual(await peer.next("said"), ["joined", to]);
      assert.ok((await peer.ask("rooms"))[0].includes(to));
    }
    await bob.ask("sockets-leave", from, to);
    while ((await ann.ask("rooms"))[0].includes(to));
    await bob.ask("disconnect-sockets", from, false);
    for (const peer of [ann, bob]) {
      assert.deepEqual(await peer.next("said"), ["bye"]);
      assert.equal((await peer.next("disconnect"))[0], "io server disconnect");
    }
  });
}

function alone(stage) {
  it("serverSideEmit on a single node reaches nobody, and its acknowledgement is complete at once", async () => {
    const [ann] = await stage.crowd(1, freshRoom());
    assert.deepEqual(await ann.ask("server-side-ask", "who"), [{ received: [], refused: [], missing: 0 }]);
  });

  it("the `local` flag changes nothing on a single node", async () => {
    const room = freshRoom();
    const [ann] = await stage.crowd(1, room);
    await ann.ask("say-local", room, "here");
    assert.deepEqual(await ann.next("said"), ["here"]);
  });
}

parity("two nodes", cluster, { settings: { NODES: 2 } });
parity("one node", alone);
