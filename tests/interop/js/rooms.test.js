// Custom rooms, as stock clients join and play them; the fixture is `greenroom-rooms`. The reference has none of it.

import assert from "node:assert/strict";
import { it } from "node:test";
import WebSocket from "ws";
import { sign } from "../oracle/token.js";
import { isOracle, JWT_SECRET } from "./support/fixture.js";
import { modes, Stage } from "./support/stage.js";
import { until, within } from "./support/wait.js";
import { play } from "./suite/index.js";

const now = () => Math.floor(Date.now() / 1000);
const token = (sub) => sign({ sub, iat: now(), exp: now() + 300 }, JWT_SECRET);

/** RFC 7396. */
function merge(target, patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const merged = target && typeof target === "object" && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

/** Keeps the state that the room shows a client. */
function follow(peer) {
  const room = { state: undefined, offset: undefined, gaps: 0, waiting: [] };
  const check = () => room.waiting.forEach((one) => one.holds(room.state) && one.resolve());
  peer.socket.on("state", ({ o, full }) => {
    Object.assign(room, { state: full, offset: o });
    check();
  });
  peer.socket.on("patch", ({ from, o, d }) => {
    room.gaps += from === room.offset ? 0 : 1;
    Object.assign(room, { state: merge(room.state, d ?? {}), offset: o });
    check();
  });
  room.until = (holds, what) =>
    within(
      new Promise((resolve) => {
        room.waiting.push({ holds: (state) => state !== undefined && holds(state), resolve });
        check();
      }),
      what,
    );
  return room;
}

/** A client on its way into a room, and what it sees there. */
async function joined(stage, namespace, options = {}) {
  const peer = stage.client(namespace, options);
  const room = follow(peer);
  const [me] = await peer.next("joined");
  await room.until(() => true, "the state");
  return Object.assign(room, { peer, me });
}

/** A room that no other test plays in. */
const alone = (auth = {}) => ({ auth: { ...auth, join: { create: true, ...auth.join } } });

function rooms(stage) {
  it("plays a whole match", async () => {
    const ann = await joined(stage, "/duel", alone());
    const bob = await joined(stage, `/duel/${ann.me.room}`);
    assert.deepEqual([ann.me.seat, bob.me.seat, bob.me.room, bob.me.resumed], [0, 1, ann.me.room, false]);
    assert.deepEqual(await ann.peer.ask("choose", "rock"), ["chosen"]);
    assert.deepEqual([ann.state.mine, ann.state.ready], ["rock", [ann.me.id]]);
    assert.equal((await ann.peer.ask("choose", "paper"))[0].error.code, "twice");
    assert.equal((await ann.peer.ask("choose", "lizard"))[0].error.code, "bad_payload");
    await bob.until((state) => state.ready.length === 1, "bob to see that ann is ready");
    assert.equal(bob.state.mine, undefined, "her hand is hers");
    await bob.peer.ask("choose", "scissors");
    assert.deepEqual(await ann.peer.next("shown"), [{ [ann.me.id]: "rock", [bob.me.id]: "scissors" }]);
    await ann.until((state) => state.score[ann.me.id] === 1, "the first point");
    for (const { peer, hand } of [{ peer: bob.peer, hand: "paper" }, { peer: ann.peer, hand: "scissors" }]) {
      await peer.ask("choose", hand);
    }
    for (const { peer } of [ann, bob]) {
      assert.deepEqual(await peer.next("won"), [ann.me.id]);
      assert.deepEqual(await peer.next("dismissed"), [{ reason: "finished" }]);
      assert.deepEqual((await peer.next("disconnect"))[0], "io server disconnect");
    }
    assert.equal(ann.gaps + bob.gaps, 0);
  });

  it("joins the oldest room that fits, and makes one if none does", async () => {
    const auth = { join: { mode: "ranked" } };
    const [first, second, third] = [
      await joined(stage, "/duel", { auth: { join: { mode: "ranked", create: true } } }),
      await joined(stage, "/duel", { auth }),
      await joined(stage, "/duel", { auth }),
    ];
    assert.equal(second.me.room, first.me.room);
    assert.notEqual(third.me.room, first.me.room);
    for (const { peer } of [first, second, third]) peer.socket.disconnect();
  });

  it("is refused for good, with code and data", async () => {
    const wrong = stage.client("/duel", { auth: { join: { mode: "chess", create: true } } });
    const [error] = await wrong.next("connect_error");
    assert.deepEqual([error.message, error.data.modes], ["there is no such mode", ["casual", "ranked"]]);
    assert.equal(wrong.socket.active, false);
    const [lost] = await stage.client("/duel/nowhere").next("connect_error");
    assert.equal(lost.data.code, "no_such_room");
    const ann = await joined(stage, "/duel", alone());
    await joined(stage, `/duel/${ann.me.room}`);
    const [full] = await stage.client(`/duel/${ann.me.room}`).next("connect_error");
    assert.equal(full.data.code, "full");
    const [missing] = await stage.client("/members").next("connect_error");
    assert.equal(missing.data.code, "token_missing");
  });

  it("takes its seat again by itself, and the others see nothing", async () => {
    const proxy = await stage.proxy();
    const guest = {};
    const auth = (give) => give({ ...guest, join: { create: guest.guest === undefined } });
    const ann = await joined(stage, "/duel", { url: proxy.url, auth });
    guest.guest = ann.me.guest;
    const bob = await joined(stage, `/duel/${ann.me.room}`);
    await ann.peer.ask("choose", "rock");
    await until(() => proxy.rests, "the connection rests");
    proxy.cut();
    await ann.peer.next("disconnect");
    const [again] = await ann.peer.next("joined");
    assert.deepEqual([again.room, again.seat, again.resumed], [ann.me.room, ann.me.seat, true]);
    await ann.until((state) => state.mine === "rock", "what ann had chosen");
    await bob.peer.ask("choose", "scissors");
    await ann.until((state) => state.score[ann.me.id] === 1, "ann's point");
    assert.deepEqual(bob.state.left, []);
  });

  it("leaves by a disconnect of its namespace, and the others are told at once", async () => {
    const ann = await joined(stage, "/duel", alone());
    const bob = await joined(stage, `/duel/${ann.me.room}`);
    bob.peer.socket.disconnect();
    await ann.until((state) => state.left.length === 1, "ann to see bob leave");
    assert.deepEqual([ann.state.left, Object.keys(ann.state.score)], [["left"], [ann.me.id]]);
  });

  it("is one member on several sockets, goes back to its seat, and gets another room if it asks for one", async () => {
    const user = `user-${stage.mode}`;
    const tab = await joined(stage, "/members", { auth: { token: token(user), join: { create: true } } });
    const phone = await joined(stage, "/members", { auth: { token: token(user) } });
    assert.deepEqual([tab.me.id, phone.me.room, phone.me.seat], [user, tab.me.room, tab.me.seat]);
    await tab.peer.ask("choose", "paper");
    await phone.until((state) => state.mine === "paper", "the phone to see the tab's choice");
    tab.peer.socket.disconnect();
    assert.equal((await phone.peer.ask("choose", "rock"))[0].error.code, "twice");
    assert.deepEqual(phone.state.left, []);
    const other = await joined(stage, "/members", { auth: { token: token(user), join: { fresh: true } } });
    assert.notEqual(other.me.room, phone.me.room);
  });

  it("plays on when the room panics", async () => {
    const ann = await joined(stage, "/duel", alone());
    const bob = await joined(stage, `/duel/${ann.me.room}`);
    await ann.peer.ask("choose", "rock");
    assert.equal((await ann.peer.ask("panic"))[0].error.code, "room_error");
    await bob.peer.ask("choose", "scissors");
    await ann.until((state) => state.score[ann.me.id] === 1, "the point of a room that went on");
    assert.equal(ann.peer.waiting("disconnect") + bob.peer.waiting("disconnect"), 0);
  });

  it("can prove that it is in step, and gets its state again", async () => {
    const ann = await joined(stage, "/duel", alone());
    await ann.peer.ask("choose", "rock");
    const [{ o, h }] = await ann.peer.ask("hash");
    assert.equal(o, ann.offset);
    ann.state = undefined;
    await ann.peer.ask("resync");
    await ann.until((state) => state.mine === "rock", "the state");
    const [again] = await ann.peer.ask("hash");
    assert.equal(String(again.h), String(h));
  });

  it("makes, lists and watches rooms from a lobby", async () => {
    const lobby = await stage.connected("/");
    const [{ rooms }] = await lobby.ask("room:watch", { where: { mode: "casual" }, sort: "-created" });
    assert.ok(Array.isArray(rooms));
    const [made] = await lobby.ask("room:create", { mode: "casual" });
    const ann = await joined(stage, made.path);
    const told = async (holds) => {
      for (;;) {
        const [delta] = await lobby.next("room:delta");
        if (holds(delta)) return delta;
      }
    };
    const { type, set } = await told((delta) => delta.set.some((room) => room.id === made.id && room.players === 1));
    assert.deepEqual([type, set.find((room) => room.id === made.id).label], ["/duel", { mode: "casual" }]);
    ann.peer.socket.disconnect();
    await told((delta) => delta.gone.includes(made.id));
    const [found] = await lobby.ask("room:find", { mode: "ranked", or_create: true });
    assert.equal((await joined(stage, found.path)).me.room, found.id);
  });

  it("plays with a client that has a bare WebSocket", async () => {
    const ann = await joined(stage, "/duel", alone());
    const socket = new WebSocket(`${stage.fixture.url.replace("http", "ws")}/rooms/duel/${ann.me.room}`);
    const heard = [];
    const waiting = [];
    socket.onmessage = ({ data }) => {
      heard.push(JSON.parse(data));
      waiting.forEach((check) => check());
    };
    const hear = (holds, what) =>
      within(
        new Promise((resolve) => {
          const check = () => heard.some(holds) && resolve(heard.find(holds));
          waiting.push(check);
          check();
        }),
        what,
      );
    await within(new Promise((resolve) => (socket.onopen = resolve)), "the WebSocket");
    socket.send("{}");
    const { args } = await hear((frame) => frame.event === "joined", "the bare client to be in");
    assert.equal(args[0].room, ann.me.room);
    socket.send(JSON.stringify({ event: "choose", args: ["rock"], ack: 1 }));
    assert.deepEqual((await hear((frame) => frame.ack === 1, "its answer")).args, ["chosen"]);
    await ann.peer.ask("choose", "paper");
    await hear((frame) => frame.event === "shown", "the hands");
    await ann.until((state) => state.score[ann.me.id] === 1, "ann's point");
    socket.close(1000);
    await ann.until((state) => state.left[0] === "left", "it to leave");
  });
}

if (!isOracle) {
  for (const mode of Object.keys(modes)) {
    play(new Stage(mode, undefined, { PROGRAM: "greenroom-rooms" }), `custom rooms over ${mode}`, rooms);
  }
}
