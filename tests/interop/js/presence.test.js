// The wire contract of presence and typing, as docs/guide/presence.md has it, over stock clients. The reference has none of it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { beforeEach, it } from "node:test";
import { play } from "./suite/index.js";
import { isOracle } from "./support/fixture.js";
import { freshRoom, modes, Stage } from "./support/stage.js";
import { until } from "./support/wait.js";

const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/** How the guide keeps a table: its first program in JavaScript. */
const guide = await readFile(new URL("../../../docs/guide/presence.md", import.meta.url), "utf8");
const [, program] = /```js\n(function presence\([\s\S]*?)```/.exec(guide);
const presence = new Function(`${program}; return presence;`)();

const shown = (user, status = "online") => ({ status, data: { name: user } });

function contract(stage) {
  // What users chose outlives them: each test has a server of its own.
  let url;
  beforeEach(async () => {
    ({ url } = await stage.ownFixture());
  });

  const visit = (user, namespace = "/presence") => stage.connected(namespace, { url, auth: { user } });

  /** Somebody in a room, who has been told who is there. */
  const enter = async (user, room) => {
    const peer = await visit(user);
    await peer.ask("join", room);
    peer.state = (await peer.next("presence:state"))[0];
    peer.room = room;
    return peer;
  };

  /** Bob, and Ann who is there when he looks. */
  const two = async () => {
    const room = freshRoom("chat");
    const bob = await enter("bob", room);
    const ann = await enter("ann", room);
    const [diff] = await bob.next("presence:diff");
    bob.place = diff.o;
    return [bob, ann, room];
  };

  it("tells who comes the state, and the others a diff behind theirs", async () => {
    const room = freshRoom("chat");
    const bob = await enter("bob", room);
    const [own] = await bob.next("presence:self");
    assert.deepEqual(own, { id: "bob", manual: null, idleAfter: 60_000, typingRefresh: 3_000 });
    const { e, o } = bob.state;
    assert.deepEqual(bob.state, { room, mode: "diff", e, o, users: { bob: shown("bob") } });
    const ann = await enter("ann", room);
    const [diff] = await bob.next("presence:diff");
    const joins = { ann: shown("ann") };
    assert.deepEqual(diff, { room, mode: "diff", from: o, e, o: diff.o, joins, updates: {}, leaves: {} });
    assert.deepEqual(ann.state, { room, mode: "diff", e, o: diff.o, users: { ann: shown("ann"), bob: shown("bob") } });
    ann.socket.disconnect();
    const [{ leaves, from }] = await bob.next("presence:diff");
    assert.deepEqual([from, Object.keys(leaves), leaves.ann.reason], [diff.o, ["ann"], "left"]);
    assert.equal(leaves.ann.lastSeen % 60_000, 0, "to the minute");
  });

  it("tells nothing of a client that is cut off and comes back", async () => {
    const [bob, ann, room] = await two();
    const dan = await enter("dan", room);
    const [{ o }] = await bob.next("presence:diff");
    // Dan, who is cut off at the same time and stays away, is told of after the time in which Ann would be.
    ann.socket.io.engine.close();
    dan.socket.io.reconnection(false);
    dan.socket.io.engine.close();
    await ann.next("connect");
    await ann.ask("join", room);
    const [away] = await bob.next("presence:diff");
    assert.deepEqual([away.from, away.updates], [o, { dan: shown("dan", "away") }]);
    const [gone] = await bob.next("presence:diff");
    assert.deepEqual([gone.from, Object.keys(gone.leaves), gone.leaves.dan.reason], [away.o, ["dan"], "dropped"]);
    const cy = await enter("cy", room);
    assert.deepEqual(Object.keys(cy.state.users), ["ann", "bob", "cy"]);
    assert.equal((await bob.next("presence:diff"))[0].from, gone.o, "there was nothing in between");
  });

  it("tells once that three tabs are gone, whichever goes last", async () => {
    const room = freshRoom("chat");
    const bob = await enter("bob", room);
    const tabs = new Map();
    for (const order of ORDERS) {
      const user = `tabs ${order.join("")}`;
      tabs.set(user, [await enter(user, room), await enter(user, room), await enter(user, room)]);
    }
    for (const [at] of [0, 1, 2].entries()) {
      for (const [user, open] of tabs) {
        const closing = open[ORDERS[[...tabs.keys()].indexOf(user)][at]].socket.io;
        closing.reconnection(false);
        closing.engine.close();
      }
    }
    const told = new Map([...tabs.keys()].map((user) => [user, []]));
    const note = (user, what) => told.get(user)?.push(what);
    while ([...told.values()].some((events) => events.length < 3)) {
      const [{ joins, updates, leaves }] = await bob.next("presence:diff");
      for (const user in joins) note(user, "came");
      for (const user in updates) note(user, updates[user].status);
      for (const user in leaves) note(user, leaves[user].reason);
    }
    for (const [user, events] of told) assert.deepEqual(events, ["came", "away", "dropped"], user);
  });

  it("tells the same, after the same time, of who is invisible and of who has left", async () => {
    const [bob, ann, room] = await two();
    const dan = await enter("dan", room);
    const times = new Map();
    bob.socket.on("presence:diff", ({ leaves }) => {
      for (const user in leaves) times.set(user, performance.now());
    });
    await bob.ask("presence:watch", ["ann", "dan"]);
    await bob.next("presence:watched");
    const { o } = (await bob.next("presence:diff"))[0];
    // Nobody has changed for a while: else the second one's change waits for that.
    const settled = performance.now() + 700;
    await until(() => performance.now() > settled, "all may change");
    ann.emit("typing", { room, on: true });
    dan.emit("typing", { room, on: true });
    await bob.next("typing:state");
    const begin = performance.now();
    ann.emit("presence:status", "invisible");
    dan.socket.disconnect();
    const diffs = await leavesOf(bob, ["ann", "dan"], o);
    assert.equal(diffs.ann, diffs.dan);
    assert.ok(Math.abs(times.get("ann") - times.get("dan")) < 150, "at the same time");
    assert.ok(times.get("ann") - begin >= 550, "as late as a goodbye");
    await until(() => bob.waiting("presence:watched") >= 1, "those who watch are told");
    const watched = {};
    while (!watched.ann || !watched.dan) Object.assign(watched, (await bob.next("presence:watched"))[0].users);
    assert.equal(JSON.stringify(watched.ann), JSON.stringify(watched.dan));
    assert.deepEqual(Object.keys(watched.ann), ["status", "lastSeen"]);
    // What she does is not told: the next thing that bob hears is somebody else.
    ann.emit("presence:status", "idle");
    ann.emit("typing", { room, on: true });
    await ann.ask("leave", room);
    await ann.ask("join", room);
    const cy = await enter("cy", room);
    assert.deepEqual(Object.keys(cy.state.users), ["bob", "cy"]);
    assert.deepEqual(Object.keys((await bob.next("presence:diff"))[0].joins), ["cy"]);
  });

  it("tells all tabs what their user has chosen, and others what that is to them", async () => {
    const [bob, ann, room] = await two();
    const tab = await enter("ann", room);
    for (const peer of [ann, tab]) await peer.next("presence:self");
    assert.deepEqual(await ann.ask("presence:status", "dnd"), []);
    for (const peer of [ann, tab]) assert.equal((await peer.next("presence:self"))[0].manual, "dnd");
    assert.deepEqual((await bob.next("presence:diff"))[0].updates, { ann: shown("ann", "dnd") });
    ann.emit("presence:status", "idle");
    tab.emit("presence:status", "idle");
    tab.emit("presence:status", "auto");
    assert.deepEqual((await bob.next("presence:diff"))[0].updates, { ann: shown("ann", "idle") });
    tab.emit("presence:status", "online");
    assert.deepEqual((await bob.next("presence:diff"))[0].updates, { ann: shown("ann") });
    assert.equal((await ann.ask("presence:status", "asleep"))[0].error.code, "bad_payload");
  });

  it("tells of those who are watched, wherever they are, and of no more than 200", async () => {
    const bob = await visit("bob");
    assert.deepEqual(await bob.ask("presence:watch", ["ann", "cy"]), []);
    const [all] = await bob.next("presence:watched");
    assert.deepEqual(all, { e: all.e, o: all.o, users: { ann: { status: "offline" }, cy: { status: "offline" } } });
    const ann = await visit("ann");
    const [came] = await bob.next("presence:watched");
    assert.deepEqual(came, { from: all.o, e: all.e, o: came.o, users: { ann: shown("ann") } });
    ann.socket.disconnect();
    const [went] = await bob.next("presence:watched");
    assert.deepEqual([went.from, went.users.ann.status, went.users.ann.lastSeen % 60_000], [came.o, "offline", 0]);
    const many = Array.from({ length: 201 }, (_, number) => `user ${number}`);
    assert.equal((await bob.ask("presence:watch", many))[0].error.code, "refused");
  });

  it("tells the state to who asks from another place, and nothing to who has it", async () => {
    const [bob, , room] = await two();
    const { e } = bob.state;
    await bob.ask("presence:resync", { room, e, o: bob.place });
    assert.equal(bob.waiting("presence:state"), 0);
    await bob.ask("presence:resync", { room, e, o: bob.place - 1 });
    assert.deepEqual(Object.keys((await bob.next("presence:state"))[0].users), ["ann", "bob"]);
    await bob.ask("presence:resync", { room: freshRoom("chat"), e: 0, o: 0 });
    assert.equal(bob.waiting("presence:state"), 0, "nothing of a room where one is not");
  });

  it("tells who types until the message, the end, the drop, or the end of the lease", async () => {
    const [bob, ann, room] = await two();
    const tab = await enter("ann", room);
    const types = async () => {
      const [{ room: where, users, count, until: end, at }] = await bob.next("typing:state");
      assert.deepEqual([where, count], [room, Object.keys(users).length]);
      for (const user in users) assert.ok(users[user] <= end && users[user] - at <= 2_000, "for as long as a lease");
      return Object.keys(users);
    };
    const type = async (on) => {
      ann.emit("typing", { room, on });
      assert.deepEqual(await types(), on ? ["ann"] : []);
    };
    await type(true);
    await type(false);
    await type(true);
    await ann.ask("say", room, "hello");
    assert.deepEqual(await types(), [], "by the message");
    await type(true);
    assert.deepEqual(await types(), [], "by itself");
    await type(true);
    ann.socket.io.reconnection(false);
    ann.socket.io.engine.close();
    assert.deepEqual(await types(), [], "by the drop");
    assert.equal(tab.waiting("typing:state"), 0, "one's own tabs are not told");
  });

  it("goes from names to a digest to numbers and back as a namespace grows and shrinks", async () => {
    const ann = await visit("ann", "/crowd");
    const [first] = await ann.next("presence:state");
    assert.deepEqual([first.room, first.mode, first.users], [null, "diff", { ann: shown("ann") }]);
    await visit("bob", "/crowd");
    const [diff] = await ann.next("presence:diff");
    assert.deepEqual([diff.mode, diff.joins], ["digest", { bob: shown("bob") }]);
    const cy = await visit("cy", "/crowd");
    const [counts] = await ann.next("presence:counts");
    const numbers = { total: 3, online: 3, idle: 0, away: 0, dnd: 0 };
    assert.deepEqual(counts, { room: null, mode: "counts", e: counts.e, o: counts.o, counts: numbers });
    assert.deepEqual((await cy.next("presence:counts"))[0].counts, numbers);
    for (const peer of [cy, await visit("dan", "/crowd")]) peer.socket.disconnect();
    // Below four fifths of a limit, and not as soon as it is below.
    let last;
    do [last] = await ann.next("presence:counts");
    while (last.counts.total !== 2);
    assert.equal(ann.waiting("presence:state"), 0);
  });

  it("is kept right by the guide's own program, over gaps too", async () => {
    const room = freshRoom("chat");
    const peer = await visit("bob");
    const { rooms, resync } = presence(peer.socket);
    await peer.ask("join", room);
    const sees = (...users) => until(() => Object.keys(rooms.get(room)?.users ?? {}).sort().join() === users.join(), `sees ${users}`);
    await sees("bob");
    const ann = await enter("ann", room);
    await sees("ann", "bob");
    // A message that was lost, as far as the program knows.
    rooms.set(room, { ...rooms.get(room), o: rooms.get(room).o - 1, users: {} });
    resync(room);
    await sees("ann", "bob");
    rooms.set(room, { ...rooms.get(room), o: rooms.get(room).o - 1, users: {} });
    await enter("cy", room);
    await sees("ann", "bob", "cy");
    ann.socket.disconnect();
    await sees("bob", "cy");
  });
}

/** Takes the diffs from `o` on until each of these is gone, and only they: what was told of each. */
async function leavesOf(peer, users, o) {
  const told = {};
  while (users.some((user) => !(user in told))) {
    const [{ from, o: next, joins, updates, leaves }] = await peer.next("presence:diff");
    assert.deepEqual([from, joins, updates], [o, {}, {}]);
    for (const user in leaves) told[user] = JSON.stringify(leaves[user]);
    o = next;
  }
  return told;
}

if (!isOracle) for (const mode of Object.keys(modes)) play(new Stage(mode), `presence over ${mode}`, contract);
