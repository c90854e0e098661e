// The life of a token, as a stock client sees it: refreshed, expired, revoked. The reference has none of it.

import assert from "node:assert/strict";
import { it } from "node:test";
import { sign } from "../oracle/token.js";
import { isOracle, JWT_SECRET } from "./support/fixture.js";
import { modes, Stage } from "./support/stage.js";
import { until } from "./support/wait.js";
import { play } from "./suite/index.js";

const now = () => Math.floor(Date.now() / 1000);
const token = (sub, life_s, claims = {}) => sign({ sub, iat: now(), exp: now() + life_s, ...claims }, JWT_SECRET);

function life(stage) {
  /** A fixture that gives expired tokens no time. */
  const strict = () => stage.ownFixture({ JWT_LEEWAY_MS: 0 });

  it("keeps the connection when the token is refreshed in time", async () => {
    const { url } = await strict();
    const exp = now() + 3;
    const peer = await stage.connected("/jwt", { url, auth: { token: token("ann", 3) } });
    const [seconds] = await peer.next("auth:expiring");
    assert.ok(seconds > 0 && seconds <= 3, `${seconds} s are left`);
    const [answer] = await peer.ask("auth:refresh", token("ann", 300, { name: "new" }));
    assert.ok(answer.exp >= exp + 295, JSON.stringify(answer));
    const { id } = peer;
    await until(() => Date.now() > (exp + 1) * 1000, "the old token has ended");
    const [claims] = await peer.ask("token");
    assert.deepEqual([claims.name, claims.exp, peer.id], ["new", answer.exp, id]);
    assert.equal(peer.waiting("disconnect"), 0);
  });

  it("comes back by itself with the token that its auth function has, in every namespace", async () => {
    const { url } = await strict();
    const lives = [2, 300];
    const auth = (give) => give({ token: token("ann", lives.shift()) });
    const peer = await stage.connected("/jwt", { url, auth });
    const other = stage.alongside(peer, "/custom");
    await other.next("connect");
    assert.deepEqual((await peer.next("disconnect"))[0], "transport close");
    await peer.next("connect");
    await other.next("connect");
    assert.deepEqual(await other.ask("message-with-ack", "back"), ["back"]);
    assert.equal((await peer.ask("token"))[0].sub, "ann");
    assert.deepEqual(lives, []);
  });

  it("is refused for good if it comes back with the token that has ended", async () => {
    const { url } = await strict();
    const peer = await stage.connected("/jwt", { url, auth: { token: token("ann", 2) } });
    await peer.next("disconnect");
    const [error] = await peer.next("connect_error");
    assert.equal(error.data.code, "token_expired");
    assert.equal(peer.socket.active, false);
  });

  it("is taken from the address only where that is said", async () => {
    const query = { key: token("ann", 300) };
    assert.equal((await stage.client("/jwt", { query }).next("connect_error"))[0].data.code, "token_missing");
    const { url } = await stage.ownFixture({ JWT_QUERY: "key" });
    assert.deepEqual(await stage.client("/jwt", { url, query }).next("claims"), [{ sub: "ann" }]);
    const auth = { token: "rubbish" };
    const [error] = await stage.client("/jwt", { url, query, auth }).next("connect_error");
    assert.equal(error.data.code, "token_invalid", "auth wins");
  });

  it("says why a refresh is refused, and stays", async () => {
    const peer = await stage.connected("/jwt", { auth: { token: token("ann", 300) } });
    const codes = [];
    for (const offered of [token("bob", 300), token("ann", -60), "rubbish"]) {
      codes.push((await peer.ask("auth:refresh", offered))[0].error.code);
    }
    assert.deepEqual(codes, ["token_other_user", "token_expired", "token_invalid"]);
    assert.equal((await peer.ask("token"))[0].sub, "ann");
    const open = await stage.connected("/");
    assert.equal((await open.ask("auth:refresh", token("ann", 300)))[0].error.code, "token_not_needed");
  });

  it("is out everywhere when its user is revoked, and in again with a later token", async () => {
    const { url } = await stage.ownFixture();
    const old = { token: token("ann", 300, { iat: now() - 9 }) };
    const [page, phone, other] = await Promise.all([
      stage.connected("/jwt", { url, auth: old }),
      stage.connected("/jwt", { url, auth: old }),
      stage.connected("/jwt", { url, auth: { token: token("bob", 300) } }),
    ]);
    assert.deepEqual(await page.ask("revoke", "user"), ["ok"]);
    for (const peer of [page, phone]) {
      assert.equal((await peer.next("disconnect"))[0], "transport close");
      const [error] = await peer.next("connect_error");
      assert.deepEqual([error.data.code, peer.socket.active], ["token_revoked", false]);
    }
    assert.equal((await other.ask("token"))[0].sub, "bob");
    page.socket.auth = { token: token("ann", 300, { iat: now() + 2 }) };
    page.socket.connect();
    await page.next("claims");
    await page.next("claims");
    assert.equal((await page.ask("token"))[0].sub, "ann");
  });

  it("is out when its one token is revoked, and its others are not", async () => {
    const { url } = await stage.ownFixture();
    const auth = (jti) => ({ token: token("ann", 300, { jti }) });
    const stolen = await stage.connected("/jwt", { url, auth: auth("1") });
    const own = await stage.connected("/jwt", { url, auth: auth("2") });
    await stolen.ask("revoke", "token");
    await stolen.next("disconnect");
    assert.equal((await stolen.next("connect_error"))[0].data.code, "token_revoked");
    assert.equal((await own.ask("token"))[0].jti, "2");
    assert.equal((await own.ask("auth:refresh", auth("1").token))[0].error.code, "token_revoked");
  });
}

if (!isOracle) for (const mode of Object.keys(modes)) play(new Stage(mode), `the life of a token over ${mode}`, life);
