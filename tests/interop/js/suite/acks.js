// Acks: to the client, to the server, errors in them, and those that never come.

import assert from "node:assert/strict";
import { it } from "node:test";
import { within } from "../support/wait.js";

const OUTSTANDING = 500;

export function acks(stage) {
  it("gives each of many outstanding acks its own answer, in order", async () => {
    const peer = await stage.connected();
    const order = [];
    const asks = Array.from({ length: OUTSTANDING }, async (_, number) => {
      const answer = await peer.ask("message-with-ack", number, `n${number}`);
      order.push(number);
      assert.deepEqual(answer, [number, `n${number}`]);
    });
    await Promise.all(asks);
    assert.deepEqual(order, Array.from(order.keys()));
  });

  it("acks once, and beside the ack nothing comes", async () => {
    const peer = await stage.connected();
    let count = 0;
    peer.emit("message-with-ack", "x", () => {
      count += 1;
    });
    peer.emit("message", "last");
    assert.deepEqual(await peer.next("message-back"), ["last"]);
    assert.equal(count, 1);
  });

  it("answers emitWithAck", stage.laterThan2, async () => {
    const peer = await stage.connected();
    assert.deepEqual(await peer.socket.timeout(5000).emitWithAck("message-with-ack", { a: 1 }), { a: 1 });
  });

  it("takes the answer of a client, whatever it is", async () => {
    const peer = await stage.connected();
    for (const value of ["text", 0, false, null, { a: [1] }, ""]) {
      peer.emit("ask-me", { about: value });
      const [question, answer] = await peer.next("question");
      assert.deepEqual(question, { about: value });
      answer(value);
      assert.deepEqual(await peer.next("answered"), [value]);
    }
  });

  it("takes the first of several answers, and none as null", async () => {
    const peer = await stage.connected();
    peer.emit("ask-me", "several");
    (await peer.next("question"))[1]("first", "second");
    assert.deepEqual(await peer.next("answered"), ["first"]);
    peer.emit("ask-me", "none");
    (await peer.next("question"))[1]();
    assert.deepEqual(await peer.next("answered"), [null]);
  });

  it("matches answers that come in another order", async () => {
    const peer = await stage.connected();
    for (const name of ["a", "b", "c"]) peer.emit("ask-me", name);
    const questions = [await peer.next("question"), await peer.next("question"), await peer.next("question")];
    for (const [name, answer] of questions.reverse()) answer(`to ${name}`);
    const answers = [await peer.next("answered"), await peer.next("answered"), await peer.next("answered")];
    // Which answer belongs to which question is what matters: the handlers go on side by side.
    assert.deepEqual(answers.flat().sort(), ["to a", "to b", "to c"]);
  });

  it("serves other events while it waits for an answer, and tells when none came", async () => {
    const peer = await stage.connected();
    const asked = Date.now();
    peer.emit("ask-me", "silence");
    const [, answer] = await peer.next("question");
    assert.deepEqual(await peer.ask("message-with-ack", "meanwhile"), ["meanwhile"]);
    assert.equal(peer.waiting("answered"), 0, "the wait is not over");
    assert.deepEqual(await peer.next("answered"), [{ error: "timeout" }]);
    assert.ok(Date.now() - asked >= 900, "the client had its second");
    answer("too late");
    assert.deepEqual(await peer.ask("message-with-ack", "afterwards"), ["afterwards"]);
    assert.equal(peer.waiting("answered"), 0, "a late answer is ignored");
  });

  it("answers a failed event with its code", async () => {
    const peer = await stage.connected();
    const [{ error }] = await peer.ask("fail");
    assert.equal(error.code, "failed");
    assert.ok(error.message.length > 0);
  });

  it("answers a panic as internal, and the connection stays", async () => {
    const peer = await stage.connected();
    const { id } = peer;
    for (let round = 0; round < 3; round += 1) {
      const [{ error }] = await peer.ask("panic");
      assert.equal(error.code, "internal");
    }
    peer.emit("panic");
    peer.emit("message", "still here");
    assert.deepEqual(await peer.next("message-back"), ["still here"]);
    assert.equal(peer.id, id);
    assert.equal(peer.waiting("disconnect"), 0);
  });

  it("adds two integers, and refuses what is none", async () => {
    const peer = await stage.connected();
    assert.deepEqual(await peer.ask("sum", 2, 40), [42]);
    assert.deepEqual(await peer.ask("sum", -(2 ** 53) + 1, 1), [-(2 ** 53) + 2]);
    for (const args of [[], [1], [1.5, 2], ["1", 2], [null, 1], [[1], 2], [Buffer.from([1]), 2]]) {
      const [answer] = await peer.ask("sum", ...args);
      assert.equal(answer.error?.code, "bad_payload", `sum(${JSON.stringify(args)})`);
    }
    assert.deepEqual(await peer.ask("sum", 1, 1), [2], "the socket still works");
  });

  it("delivers every event once with the retries option, each acked before the next is sent", stage.laterThan2, async () => {
    const peer = stage.client("/", { retries: 2, ackTimeout: 5000 });
    const answers = Array.from({ length: 50 }, (_, number) => peer.socket.emitWithAck("message-with-ack", number));
    assert.deepEqual(await within(Promise.all(answers), "all acks"), Array.from(answers.keys()));
  });

  it("fails pending acks when the connection ends", stage.laterThan2, async () => {
    const peer = await stage.connected();
    const lost = peer.socket.timeout(5000).emitWithAck("kick", true);
    await assert.rejects(within(lost, "the failure"), /disconnected/);
  });
}
