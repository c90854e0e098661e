// A server that dies or is replaced: the stock client comes back by itself and nothing it still holds is lost.

import assert from "node:assert/strict";
import { it } from "node:test";
import { isOracle } from "../support/fixture.js";
import { freshRoom } from "../support/stage.js";
import { until, within } from "../support/wait.js";

export function reconnect(stage) {
  it("reports a server that was killed, and connects to its successor", async () => {
    const fixture = await stage.ownFixture();
    const peer = await stage.settled("/", { url: fixture.url });
    const { id } = peer;
    await fixture.end("SIGKILL");
    const [reason] = await peer.next("disconnect");
    assert.equal(reason, stage.endsAsWebSocket ? "transport close" : "transport error");
    assert.equal(peer.active, true, "the client tries again");
    await fixture.start();
    await peer.next("connect");
    assert.notEqual(peer.id, id);
    assert.ok(!peer.socket.recovered);
    assert.deepEqual(await peer.ask("message-with-ack", "back"), ["back"]);
  });

  const cuts = isOracle && stage.laterThan2.skip && "the reference cuts polls of version 2 off";

  it("reports a server that was stopped, which ends by itself", { skip: cuts }, async () => {
    const fixture = await stage.ownFixture();
    const proxy = await stage.proxy({}, fixture);
    const peer = await stage.settled("/", { url: proxy.url });
    const custom = stage.alongside(peer, "/custom");
    await custom.next("connect");
    await until(() => proxy.rests, "the connection rests");
    const ended = fixture.end("SIGTERM");
    assert.equal((await peer.next("disconnect"))[0], "transport close");
    assert.equal((await custom.next("disconnect"))[0], "transport close");
    await ended;
    await fixture.start();
    await Promise.all([peer.next("connect"), custom.next("connect")]);
    assert.deepEqual(await custom.ask("message-with-ack", "back"), ["back"]);
  });

  it("sends what was emitted meanwhile, once and in order, and the auth payload again", stage.laterThan2, async () => {
    const fixture = await stage.ownFixture();
    const auth = { token: "mine" };
    const peer = await stage.settled("/", { url: fixture.url, auth });
    assert.deepEqual(await peer.next("auth"), [auth]);
    await fixture.end("SIGKILL");
    await peer.next("disconnect");
    for (let number = 0; number < 100; number += 1) peer.emit("message", number);
    await fixture.start();
    assert.deepEqual(await peer.next("auth"), [auth]);
    for (let number = 0; number < 100; number += 1) assert.deepEqual(await peer.next("message-back"), [number]);
    await peer.ask("message-with-ack", "closing word");
    assert.equal(peer.waiting("message-back"), 0);
  });

  it("knows no rooms of its former life", async () => {
    const fixture = await stage.ownFixture();
    const room = freshRoom();
    const [peer] = await stage.crowd(1, room, { url: fixture.url });
    await fixture.end("SIGKILL");
    await peer.next("disconnect");
    await fixture.start();
    await peer.next("connect");
    assert.deepEqual(await peer.ask("rooms"), [[peer.id]]);
  });

  it("acks every event with the retries option, though the server dies among them", stage.laterThan2, async () => {
    const fixture = await stage.ownFixture();
    const peer = stage.client("/", { url: fixture.url, retries: 20, ackTimeout: 2000 });
    const order = [];
    const acked = Array.from({ length: 60 }, (_, number) =>
      peer.socket.emitWithAck("message-with-ack", number).then((answer) => {
        assert.equal(answer, number);
        order.push(number);
        return number === 20 && fixture.end("SIGKILL").then(() => fixture.start());
      }),
    );
    await within(Promise.all(acked), "all acks", 20_000);
    assert.deepEqual(order, Array.from(order.keys()));
  });
}
