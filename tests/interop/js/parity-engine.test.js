// What a program says about handshakes, transports and limits, and what it knows of a handshake.

import assert from "node:assert/strict";
import { it } from "node:test";
import { raw } from "./support/http.js";
import { parity } from "./support/parity.js";
import { besideReference } from "./support/reference.js";

/** What the fixture's hook was told of refusals. */
const refusals = async (peer) => (await peer.ask("refusals"))[0];

function allowRequest(stage) {
  const polls = stage.mode !== "websocket";

  it("allowRequest refuses a handshake with the program's message", async () => {
    const peer = stage.client("/", { query: { deny: "full house" } });
    const [error] = await peer.next("connect_error");
    assert.equal(error.message, polls ? "xhr poll error" : "websocket error");
    if (!polls) return;
    assert.equal(error.description, 403);
    // The client of Node has thrown the body away by now.
    const answer = await fetch(`${stage.fixture.url}/socket.io/?EIO=4&transport=polling&deny=full%20house`);
    assert.deepEqual([answer.status, await answer.json()], [403, { code: 4, message: "full house" }]);
    assert.equal(answer.headers.get("content-type"), "application/json");
  });

  it("allowRequest lets in after a while, and a refused client that changes its mind", async () => {
    await stage.settled("/", { query: { slow: 1 } });
    const query = { deny: "not yet" };
    const peer = stage.client("/", { query });
    await peer.next("connect_error");
    delete query.deny;
    await peer.next("connect");
  });

  it("connection_error tells the code, the message and the context", async () => {
    const { url } = await stage.ownFixture();
    const denied = stage.client("/", { url, query: { deny: "full house" }, reconnection: false });
    await denied.next("connect_error");
    const peer = await stage.connected("/", { url });
    assert.deepEqual(await refusals(peer), [[4, "Forbidden", { code: "denied", message: "full house" }]]);
    for (const query of ["transport=polling&sid=gone", "transport=polling&EIO=3", "EIO=4&transport=fax"]) {
      assert.equal((await fetch(`${url}/socket.io/?${query}`)).status, 400);
    }
    assert.deepEqual((await refusals(peer)).slice(1), [
      [1, "Session ID unknown", { sid: "gone" }],
      [5, "Unsupported protocol version", { protocol: 3 }],
      [0, "Transport unknown", { transport: "fax" }],
    ]);
  });
}

/**
 * Requests that are refused; `sid` is a session that polls. Without a WebSocket of revision 3: Node lets it in, and
 * writes the refusal behind its 101.
 */
const refused = (sid) => [
  { query: "EIO=4&transport=fax" },
  { query: "EIO=4" },
  { query: "EIO=4&transport=__proto__" },
  { query: "EIO=4&transport=polling&sid=gone" },
  { query: "EIO=4&transport=polling", method: "POST" },
  { query: "EIO=4&transport=polling", method: "PUT" },
  { query: "EIO=4&transport=websocket" },
  { query: `EIO=4&transport=websocket&sid=${sid}` },
  { query: `EIO=3&transport=polling&sid=${sid}` },
  { query: "EIO=4&transport=polling&deny=full%20house" },
  { query: "EIO=3&transport=polling" },
  { query: "EIO=3&transport=polling&deny=full%20house" },
  { query: "transport=polling" },
  { query: "EIO=4&transport=fax", upgrade: true },
  { query: "EIO=4&transport=websocket&sid=gone", upgrade: true },
  { query: "EIO=4&transport=websocket&deny=full%20house", upgrade: true },
];

/** What a client is answered to each of them. */
async function answers(url) {
  const { sid } = JSON.parse((await raw(`${url}/socket.io/?EIO=4&transport=polling`)).body.toString().slice(1));
  const seen = [];
  for (const { query, ...options } of refused(sid)) {
    const { status, headers, body } = await raw(`${url}/socket.io/?${query}`, options);
    const answer = [status, headers["content-type"], body.toString()];
    // Before a 101, Node says 400 and the message alone, whatever it is.
    seen.push([query.replace(sid, "SID"), ...(options.upgrade ? [status >= 400] : answer)]);
  }
  return seen;
}

function refusedAsThere(stage) {
  it("answers and connection_error are those of Node's server, request by request", async () => {
    const { url } = await stage.ownFixture();
    const told = [];
    const allowRequest = (request, decide) => {
      const why = new URL(request.url, url).searchParams.get("deny");
      decide(why, why === null);
    };
    await besideReference({ allowRequest }, async (node) => {
      node.io.engine.on("connection_error", ({ code, message, context }) => told.push([code, message, context]));
      assert.deepEqual(await answers(url), await answers(node.url));
    });
    const own = await refusals(await stage.connected("/", { url }));
    // The program's own code is more than Node has.
    for (const [code, , context] of own) if (code === 4) delete context.code;
    assert.deepEqual(own, JSON.parse(JSON.stringify(told)));
    assert.equal(own.length, refused().length);
  });
}

function headers(stage) {
  it("initial_headers sets cookies, which a client brings along", async () => {
    const { url } = await stage.ownFixture();
    const peer = await stage.settled("/", { url, query: { table: 7 }, withCredentials: true });
    const [seen] = await peer.ask("cookies");
    assert.ok(seen.length > 0);
    assert.deepEqual(new Set(seen), new Set(["table=7"]));
  });

  it("cookie is sent with the session's id, once, for the path of all", async () => {
    const { url } = await stage.ownFixture({ COOKIE: true });
    const peer = await stage.settled("/", { url, withCredentials: true });
    const [seen] = await peer.ask("cookies");
    assert.deepEqual(new Set(seen), new Set([`io=${peer.socket.io.engine.id}`]));
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`);
    const { sid } = JSON.parse((await answer.text()).slice(1));
    assert.equal(answer.headers.get("set-cookie"), `io=${sid}; Path=/; HttpOnly; SameSite=Lax`);
  });

  it("without the option there is no cookie", async () => {
    const answer = await fetch(`${stage.fixture.url}/socket.io/?EIO=4&transport=polling`);
    assert.equal(answer.headers.get("set-cookie"), null);
    assert.equal(answer.headers.get("x-fixture"), "parity");
  });
}

function ids(stage) {
  it("generateId names a session, for all of its requests", async () => {
    const { url } = await stage.ownFixture({ OWN_IDS: true });
    const peer = await stage.settled("/", { url, query: { id: "ann" } });
    assert.equal(peer.socket.io.engine.id, "ann");
    assert.notEqual(peer.id, "ann");
    assert.deepEqual(await peer.ask("echo", 1, "two"), [1, "two"]);
  });

  it("generateId that makes no id, or one that is taken, refuses", async () => {
    const { url } = await stage.ownFixture({ OWN_IDS: true });
    const ann = await stage.connected("/", { url, query: { id: "ann" } });
    for (const query of [{}, { id: "ann" }, { id: "a b" }]) {
      await stage.client("/", { url, query, reconnection: false }).next("connect_error");
    }
    const failed = [3, "Bad request", { name: "ID_GENERATION_ERROR" }];
    assert.deepEqual(await refusals(ann), [failed, failed, failed]);
  });
}

function transports(stage) {
  it("transports that are not offered are unknown", async () => {
    const { url } = await stage.ownFixture({ TRANSPORTS: stage.mode === "websocket" ? "polling" : "websocket" });
    const peer = stage.client("/", { url, reconnection: false });
    const [error] = await peer.next("connect_error");
    if (stage.mode === "websocket") return;
    assert.equal(error.description, 400);
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`);
    assert.deepEqual(await answer.json(), { code: 0, message: "Transport unknown" });
  });

  it("the only transport that is offered carries everything", async () => {
    const only = stage.mode === "websocket" ? "websocket" : "polling";
    const { url } = await stage.ownFixture({ TRANSPORTS: only });
    const peer = await stage.connected("/", { url });
    assert.deepEqual(await peer.ask("echo", Buffer.from([1, 2])), [Buffer.from([1, 2])]);
    assert.equal(peer.transport, only);
  });

  it("allowUpgrades: false keeps a client where it is", async () => {
    const { url } = await stage.ownFixture({ ALLOW_UPGRADES: false });
    const peer = await stage.connected("/", { url });
    const began = peer.transport;
    assert.deepEqual(peer.socket.io.engine._upgrades, []);
    for (let round = 0; round < 5; round += 1) assert.deepEqual(await peer.ask("echo", round), [round]);
    assert.equal(peer.transport, began);
    assert.equal(began, stage.mode === "websocket" ? "websocket" : "polling");
  });

  it("path moves the endpoint", async () => {
    const { url } = await stage.ownFixture({ ENDPOINT: "/game/live" });
    const peer = await stage.settled("/", { url, path: "/game/live" });
    assert.deepEqual(await peer.ask("echo", "x"), ["x"]);
    assert.equal((await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).status, 404);
  });

  it("maxHttpBufferSize is announced, and who sends more is closed", async () => {
    const { url } = await stage.ownFixture({ MAX_PAYLOAD: 10_000 });
    const peer = await stage.settled("/", { url, reconnection: false });
    assert.equal(peer.socket.io.engine._maxPayload, 10_000);
    const fits = "x".repeat(9_000);
    assert.deepEqual(await peer.ask("echo", fits), [fits]);
    peer.emit("echo", "x".repeat(10_000));
    const [reason, details] = await peer.next("disconnect");
    if (stage.mode === "polling") {
      assert.equal(reason, "transport error");
      assert.equal(details.description, 413);
    } else {
      assert.equal(reason, "transport close");
      assert.equal(details.description, "websocket connection closed");
      assert.equal(details.context.code, 1009);
    }
  });
}

function handshake(stage) {
  const options = {
    query: { lobby: "blue sky", x: "1&2" },
    auth: { token: "abc", nested: { seat: 3 } },
    extraHeaders: { "X-Custom": "yes" },
  };

  it("has what Node's has, in middleware, on the socket and on fetched sockets alike", async () => {
    const before = Date.now();
    const peer = await stage.settled("/handshake", options);
    const [{ socket, middleware, fetched }] = await peer.ask("handshake");
    assert.deepEqual(middleware, socket);
    assert.deepEqual(fetched, [socket]);
    const { headers, query, time, issued, url, ...rest } = socket;
    assert.deepEqual(rest, { address: "127.0.0.1", xdomain: false, secure: false, auth: options.auth });
    assert.equal(headers["x-custom"], "yes");
    assert.equal(headers.host, new URL(stage.fixture.url).host);
    const transport = stage.mode === "websocket" ? "websocket" : "polling";
    const { t, ...named } = query;
    assert.deepEqual(named, { lobby: "blue sky", x: "1&2", EIO: "4", transport });
    assert.match(url, /^\/socket\.io\/\?.*lobby=blue%20sky/);
    assert.ok(issued >= before && issued <= Date.now());
    assert.equal(Date.parse(time), Math.floor(issued / 1000) * 1000);
  });

  it("is what Node's server has for the same client, name by name", async () => {
    const comparable = async (url) => {
      const peer = await stage.connected("/handshake", { url, ...options });
      const [{ socket }] = await peer.ask("handshake");
      const { time, issued, url: path, ...rest } = socket;
      assert.ok(Math.abs(issued - Date.now()) < 60_000 && Math.abs(Date.parse(time) - issued) < 1_000);
      for (const key of ["host", "sec-websocket-key"]) delete rest.headers[key];
      const stamp = rest.query.t;
      delete rest.query.t;
      return { ...rest, path: stamp ? path.replace(stamp, "STAMP") : path };
    };
    await besideReference({}, async ({ io, url }) => {
      io.of("/handshake").on("connection", (socket) => {
        socket.on("handshake", (answer) => answer({ socket: socket.handshake }));
      });
      assert.deepEqual(await comparable(stage.fixture.url), await comparable(url));
    });
  });

  it("says where a page comes from", async () => {
    const extraHeaders = { Origin: "https://game.example" };
    const peer = await stage.connected("/handshake", { extraHeaders });
    const [{ socket }] = await peer.ask("handshake");
    assert.equal(socket.xdomain, true);
    assert.equal(socket.headers.origin, "https://game.example");
    assert.deepEqual(socket.auth, {});
  });

  it("has the auth of each namespace's own CONNECT", async () => {
    const peer = await stage.connected("/", { auth: { at: "main" } });
    const beside = stage.alongside(peer, "/handshake", { auth: { at: "handshake" } });
    const [{ socket }] = await beside.ask("handshake");
    assert.deepEqual(socket.auth, { at: "handshake" });
  });
}

parity("allowRequest and connection_error", allowRequest);
parity("refusals beside Node's", refusedAsThere, { over: ["polling"] });
parity("headers and cookies", headers, { over: ["polling", "upgrade"] });
parity("session ids", ids);
parity("transports and limits", transports);
parity("the handshake", handshake);
