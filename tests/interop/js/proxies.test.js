// Stock clients through a real nginx and a real HAProxy, with the configurations of deploy/. Greenroom only: the
// reference has no numbers of processes in its session ids.

import assert from "node:assert/strict";
import { Agent } from "node:https";
import { after, afterEach, before, describe, it } from "node:test";
import { isOracle } from "./support/fixture.js";
import { Front, proxies } from "./support/front.js";
import { modes, Stage } from "./support/stage.js";
import { until } from "./support/wait.js";

/** The certificate is the test's own. */
const TLS = { rejectUnauthorized: false };

/** How long a process that was told to stop goes on: longer than HAProxy takes to notice. */
const DRAIN_DELAY_MS = 3_000;

function through(proxy) {
  describe(`${proxy} in front of one process`, () => {
    let front;
    before(async () => (front = await Front.raise(proxy)));
    after(() => front.fall());

    for (const mode of Object.keys(modes)) {
      describe(`over ${mode}`, () => {
        const stage = new Stage(mode);
        afterEach(() => stage.clear());

        it("brings everything there and back", async () => {
          const peer = await stage.settled("/", { url: front.url, ...TLS });
          assert.equal(peer.transport, mode === "polling" ? "polling" : "websocket");
          const large = "x".repeat(900_000);
          assert.deepEqual(await peer.ask("message-with-ack", large, Buffer.from([1, 2])), [large, Buffer.from([1, 2])]);
          const room = await stage.crowd(5, "room", { url: front.url, ...TLS });
          await peer.ask("say", "room", "hello");
          for (const member of room) assert.deepEqual(await member.next("said"), ["hello"]);
        });
      });
    }

    it("sends who comes without TLS to where it is", async () => {
      const answer = await fetch(`${front.insecure}/page?x=1`, { redirect: "manual" });
      assert.equal(answer.status, 301);
      assert.match(answer.headers.get("location"), /^https:\/\/127\.0\.0\.1.*\/page\?x=1$/);
    });
  });

  describe(`${proxy} in front of a limit by address`, () => {
    const stage = new Stage("websocket");
    let front;
    before(async () => (front = await Front.raise(proxy, { MAX_SESSIONS_PER_ADDRESS: 1 })));
    after(() => front.fall());
    afterEach(() => stage.clear());

    it("tells addresses apart, and believes no client about its own", async () => {
      const from = (localAddress, claimed) => ({
        url: front.url,
        agent: new Agent({ localAddress, ...TLS }),
        extraHeaders: claimed ? { "X-Forwarded-For": claimed } : {},
      });
      await stage.connected("/", from("127.0.0.1"));
      await stage.connected("/", from("127.0.0.2", "127.0.0.1"));
      const second = stage.client("/", from("127.0.0.2", "192.0.2.1"));
      await second.next("connect_error");
    });
  });

  describe(`${proxy} in front of two processes`, () => {
    const stage = new Stage("polling");
    let front;
    before(async () => (front = await Front.raise(proxy, { DRAIN_DELAY_MS })));
    after(() => front.fall());
    afterEach(() => stage.clear());

    const node = (peer) => peer.socket.io.engine.id.split("-")[0];
    const client = () => stage.connected("/", { url: front.url, ...TLS });

    async function answers(peer) {
      assert.deepEqual(await peer.ask("message-with-ack", "there?"), ["there?"]);
    }

    /** A newcomer at this process, before long. */
    async function newcomer(wanted) {
      for (;;) {
        const peer = await client();
        if (node(peer) === wanted) return peer;
        peer.socket.disconnect();
      }
    }

    it("leaves who polls where it is, and has nobody without a server while one process takes over", async () => {
      const [first] = front.fixtures;
      const old = await client();
      assert.equal(node(old), "1");
      const moved = new Promise((resolve) => old.socket.io.engine.once("close", () => resolve(true)));
      const ended = first.end("SIGTERM");
      const answered = () => new Promise((resolve) => old.socket.emit("message-with-ack", "there?", resolve));
      const polled = (async () => {
        while ((await Promise.race([answered(), moved])) !== true);
      })();
      const second = await newcomer("2");
      await Promise.all([polled, ended]);
      await until(() => old.socket.connected && node(old) === "2", "who was at the old one comes to the new one");
      await first.start();
      await newcomer("1");
      await Promise.all([old, second].map(answers));
      assert.deepEqual([old, second].map(node), ["2", "2"]);
    });
  });
}

if (!isOracle) for (const proxy of Object.keys(proxies)) through(proxy);
