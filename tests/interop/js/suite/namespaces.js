// Several namespaces on one connection: shared wire, nothing else shared.

import assert from "node:assert/strict";
import { it } from "node:test";
import { freshRoom } from "../support/stage.js";

export function namespaces(stage) {
  it("connects several namespaces over one session, each socket with an id of its own", async () => {
    const peers = await several();
    assert.equal(new Set(peers.map((peer) => peer.socket.io.engine.id)).size, 1);
    assert.equal(new Set(peers.map((peer) => peer.id)).size, peers.length);
  });

  it("keeps events and acks of namespaces apart, while they come interleaved", async () => {
    const [main, custom, middleware] = await several();
    const asks = Array.from({ length: 100 }, async (_, number) => {
      for (const [name, peer] of Object.entries({ main, custom, middleware })) {
        assert.deepEqual(await peer.ask("message-with-ack", name, number), [name, number]);
      }
      main.emit("message", "main", number);
      custom.emit("message", Buffer.from([number]));
    });
    await Promise.all(asks);
    for (let number = 0; number < 100; number += 1) {
      assert.equal((await main.next("message-back"))[0], "main");
      assert.ok(Buffer.isBuffer((await custom.next("message-back"))[0]));
    }
    assert.equal(middleware.waiting("message-back"), 0);
  });

  it("leaves the others when one namespace is disconnected by the client", async () => {
    const [main, custom] = await several();
    custom.socket.disconnect();
    assert.equal((await custom.next("disconnect"))[0], "io client disconnect");
    assert.deepEqual(await main.ask("message-with-ack", 1), [1]);
    custom.socket.connect();
    await custom.next("connect");
    assert.deepEqual(await custom.ask("message-with-ack", 2), [2]);
    assert.equal(main.waiting("disconnect"), 0);
  });

  it("keeps rooms of one name in two namespaces apart", async () => {
    const room = freshRoom("public-room");
    const main = await stage.connected();
    const policy = stage.alongside(main, "/policy");
    await policy.next("connect");
    await Promise.all([main.ask("join", room), policy.ask("join", room)]);
    await main.ask("say", room, "main");
    await policy.ask("say", room, "policy");
    assert.deepEqual(await main.heardFrom(main), ["main"]);
    assert.deepEqual(await policy.heardFrom(policy), ["policy"]);
  });

  async function several() {
    const main = await stage.connected();
    const others = ["/custom", "/middleware"].map((name) => stage.alongside(main, name));
    await Promise.all(others.map((peer) => peer.next("connect")));
    return [main, ...others];
  }
}
