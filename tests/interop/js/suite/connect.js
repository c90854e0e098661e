// CONNECT: identity, auth payload, refusals and what they leave alone.

import assert from "node:assert/strict";
import { it } from "node:test";
import { sign } from "../../oracle/token.js";
import { JWT_SECRET } from "../support/fixture.js";

const HOUR_S = 3600;
const now = () => Math.floor(Date.now() / 1000);
const goodToken = (sub) => sign({ sub, exp: now() + HOUR_S }, JWT_SECRET);

export function connect(stage) {
  it("connects with an id that is not the session's", async () => {
    const peer = await stage.connected();
    assert.equal(peer.socket.connected, true);
    assert.equal(typeof peer.id, "string");
    assert.ok(peer.id.length >= 16, "an id that cannot be guessed");
    assert.notEqual(peer.id, peer.socket.io.engine.id);
    assert.deepEqual(await peer.ask("id"), [peer.id]);
  });

  it("starts on the first transport of the mode and ends on the last", async () => {
    const peer = await stage.settled();
    assert.equal(peer.transport, stage.endsAsWebSocket ? "websocket" : "polling");
  });

  it("tells the auth payload, an empty one if there is none", async () => {
    const plain = stage.client();
    assert.deepEqual(await plain.next("auth"), [{}]);
    const auth = { token: "ünïcode 🦀", nested: { list: [1, null, "x"] } };
    assert.deepEqual(await stage.client("/custom", { auth }).next("auth"), [auth]);
  });

  it("asks an auth function at each connect", async () => {
    let asked = 0;
    const peer = stage.client("/", {
      auth: (give) => {
        asked += 1;
        give({ asked });
      },
    });
    assert.deepEqual(await peer.next("auth"), [{ asked: 1 }]);
    peer.socket.disconnect().connect();
    assert.deepEqual(await peer.next("auth"), [{ asked: 2 }]);
  });

  it("refuses a namespace that does not exist", async () => {
    const peer = stage.client("/nowhere");
    const [error] = await peer.next("connect_error");
    assert.equal(error.message, "Invalid namespace");
    assert.equal(peer.socket.connected, false);
    assert.equal(peer.active, false, "a refusal is final");
  });

  it("keeps the connection and its namespaces when one is refused", async () => {
    const peer = await stage.connected();
    const refused = stage.alongside(peer, "/nowhere");
    await refused.next("connect_error");
    assert.deepEqual(await peer.ask("message-with-ack", "still here"), ["still here"]);
    const custom = stage.alongside(peer, "/custom");
    await custom.next("connect");
    assert.equal(peer.waiting("disconnect"), 0);
  });

  it("tells a middleware's refusal with its data", async () => {
    const peer = stage.client("/middleware", { auth: { fail: true } });
    const [error] = await peer.next("connect_error");
    assert.equal(error.message, "refused");
    assert.deepEqual(error.data, { why: "fail" });
  });

  it("lets a refused client in when it connects again by hand with other auth", async () => {
    const peer = stage.client("/middleware", { auth: { fail: true } });
    await peer.next("connect_error");
    peer.socket.auth = { fail: false };
    peer.socket.connect();
    await peer.next("connect");
    assert.deepEqual(await peer.ask("message-with-ack", 1), [1]);
  });

  it("admits a good token, from auth or from the Authorization header", async () => {
    const byAuth = stage.client("/jwt", { auth: { token: goodToken("ann") } });
    assert.deepEqual(await byAuth.next("claims"), [{ sub: "ann" }]);
    const extraHeaders = { Authorization: `Bearer ${goodToken("bob")}` };
    assert.deepEqual(await stage.client("/jwt", { extraHeaders }).next("claims"), [{ sub: "bob" }]);
    const both = stage.client("/jwt", { auth: { token: goodToken("cid") }, extraHeaders });
    assert.deepEqual(await both.next("claims"), [{ sub: "cid" }], "auth wins");
  });

  for (const [what, code, token] of badTokens()) {
    it(`refuses ${what} as ${code}`, async () => {
      const peer = stage.client("/jwt", token === undefined ? {} : { auth: { token } });
      const [error] = await peer.next("connect_error");
      assert.equal(error.data?.code, code);
      assert.equal(peer.waiting("claims"), 0);
    });
  }
}

function badTokens() {
  const claims = { sub: "ann", exp: now() + HOUR_S };
  const [header, , seal] = sign(claims, JWT_SECRET).split(".");
  const otherClaims = sign({ ...claims, sub: "root" }, JWT_SECRET).split(".")[1];
  return [
    ["a missing token", "token_missing", undefined],
    ["a token of an hour ago", "token_expired", sign({ ...claims, exp: now() - HOUR_S }, JWT_SECRET)],
    ["an expired token of another key", "token_invalid", sign({ ...claims, exp: now() - HOUR_S }, "x".repeat(36))],
    ["a token of another key", "token_invalid", sign(claims, "x".repeat(36))],
    ["an unsigned token", "token_invalid", sign(claims, JWT_SECRET, "none")],
    ["a token that names another algorithm", "token_invalid", sign(claims, JWT_SECRET, "HS512")],
    ["claims under another token's seal", "token_invalid", `${header}.${otherClaims}.${seal}`],
    ["a token without sub", "token_invalid", sign({ exp: claims.exp }, JWT_SECRET)],
    ["a token without exp", "token_invalid", sign({ sub: "ann" }, JWT_SECRET)],
    ["a text that is no token", "token_invalid", "not.a.token"],
  ];
}
