// What comes too often, as a stock client sees it. The reference limits none of it.

import assert from "node:assert/strict";
import { it } from "node:test";
import { isOracle } from "./support/fixture.js";
import { modes, Stage } from "./support/stage.js";
import { play } from "./suite/index.js";

function rates(stage) {
  it("refuses events that come too often, in the ack or as an error event", async () => {
    const { url } = await stage.ownFixture({ EVENTS_PER_SECOND: 1, EVENT_BURST: 3 });
    const peer = await stage.connected("/", { url });
    const answers = await Promise.all(Array.from({ length: 10 }, () => peer.ask("message-with-ack", "x")));
    const refused = answers.filter(([answer]) => answer.error?.code === "rate_limited").length;
    assert.ok(refused >= 5 && refused <= 7, `${refused} of 10 are refused`);
    peer.emit("message", "nobody hears it");
    assert.equal((await peer.next("error"))[0].code, "rate_limited");
    assert.equal(peer.waiting("message-back"), 0);
    assert.equal(peer.socket.connected, true);
  });

  it("sends a client that floods away for good", async () => {
    const { url } = await stage.ownFixture({ EVENTS_PER_SECOND: 1, EVENT_BURST: 3, MAX_REFUSED_EVENTS: 20 });
    const peer = await stage.connected("/", { url });
    for (let number = 0; number < 100; number += 1) peer.emit("message", number);
    assert.equal((await peer.next("disconnect"))[0], "io server disconnect");
    assert.equal(peer.socket.active, false);
  });

  it("comes in by itself when its address has a session less", async () => {
    const { url } = await stage.ownFixture({ MAX_SESSIONS_PER_ADDRESS: 1 });
    const first = await stage.connected("/", { url });
    const second = stage.client("/", { url });
    await second.next("connect_error");
    assert.equal(second.socket.active, true, "it goes on trying");
    first.socket.disconnect();
    await second.next("connect");
  });
}

if (!isOracle) for (const mode of Object.keys(modes)) play(new Stage(mode), `rates over ${mode}`, rates);
