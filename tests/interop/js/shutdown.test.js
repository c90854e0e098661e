// SIGTERM while 500 stock clients talk. Greenroom only: the reference has no /readyz and does not drain.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isOracle } from "./support/fixture.js";
import { freePorts } from "./support/ports.js";
import { modes, Stage } from "./support/stage.js";
import { until, within } from "./support/wait.js";

const CLIENTS = 500;
const ROOM = 10;
const AT_ONCE = 50;
/** One in three talks, all listen. */
const TALKS = 3;
/** How many words are acknowledged before the server is told to stop. */
const WORDS = 5_000;
/** 500 clients and the server share two busy cores. */
const PATIENCE_MS = 60_000;

/** A client that says one word after another to its room, until its connection ends. */
class Visitor {
  heard = [];
  acknowledged = [];
  isTalking = true;
  returns = 0;

  constructor(socket, number) {
    this.socket = socket;
    this.number = number;
    this.room = `room ${Math.floor(number / ROOM)}`;
    socket.on("said", (word) => this.#hears(word));
    socket.on("left", ({ id }) => this.#hears(left(id)));
    socket.on("disconnect", (reason) => {
      this.isTalking = false;
      this.reason = reason;
    });
    this.joined = this.#joins().then(() => (this.id = socket.id));
  }

  async #joins() {
    await new Promise((resolve) => this.socket.once("connect", resolve));
    assert.equal(await this.#asks("join", this.room), "ok");
  }

  /** In the next process, as nobody told it to. */
  async comesBack() {
    await this.#joins();
    this.returned = new Promise((resolve) => this.socket.once("said", resolve));
  }

  async talks() {
    for (let word = 0; this.isTalking; word += 1) {
      const said = `${this.number}: ${word}`;
      if ((await this.#asks("say", this.room, said)) === "ok") this.acknowledged.push(said);
    }
  }

  #asks(...args) {
    return new Promise((resolve) => {
      this.socket.once("disconnect", resolve);
      this.socket.emit(...args, (answer) => {
        this.socket.off("disconnect", resolve);
        resolve(answer);
      });
    });
  }

  #hears(word) {
    if (this.isTalking) this.heard.push(word);
  }
}

const left = (id) => `${id} left`;
const sum = (visitors, count) => visitors.reduce((total, visitor) => total + count(visitor), 0);

/** Members of a room hear the same words in the same order, each as long as it is there. */
function agree(member, longest) {
  const own = member.heard.filter((word) => word !== left(longest.id));
  const all = longest.heard.filter((word) => word !== left(member.id));
  assert.deepEqual(own, all.slice(0, own.length), `visitor ${member.number} has a gap`);
}

/** Fails if one of these words is not among those that somebody heard. */
function hasHeard(visitor, words) {
  const heard = new Set(visitor.heard);
  assert.deepEqual(words.filter((word) => !heard.has(word)), [], `visitor ${visitor.number} missed something`);
}

describe("500 stock clients, and a server that is told to stop", { skip: isOracle }, () => {
  const stage = new Stage("websocket");
  let visitors;
  let fixture;
  let operations;

  /** Every fifth polls to the end, every fifth is upgraded. */
  function visitor(number) {
    const kinds = [modes.polling, modes.upgrade, modes.websocket, modes.websocket, modes.websocket];
    const delays = { reconnectionDelay: 200, reconnectionDelayMax: 2_000, timeout: PATIENCE_MS };
    const peer = stage.client("/", { url: fixture.url, ...kinds[number % kinds.length], ...delays });
    return new Visitor(peer.socket, number);
  }

  before(async () => {
    [operations] = await freePorts(1);
    const patience = ["CONNECT_TIMEOUT_MS", "PING_TIMEOUT_MS", "SHUTDOWN_TIMEOUT_MS"].map((name) => [name, PATIENCE_MS]);
    const settings = { OPERATIONS_PORT: operations, DRAIN_DELAY_MS: 1_000, ...Object.fromEntries(patience) };
    fixture = await stage.ownFixture(settings);
    const kinds = [modes.polling, modes.upgrade, modes.websocket, modes.websocket, modes.websocket];
    visitors = [];
    while (visitors.length < CLIENTS) {
      const some = Array.from({ length: AT_ONCE }, (_, index) => visitor(visitors.length + index));
      await within(Promise.all(some.map(({ joined }) => joined)), "everybody is in", PATIENCE_MS);
      visitors.push(...some);
    }
  });
  after(() => stage.clear());

  const readiness = async () => (await fetch(`http://127.0.0.1:${operations}/readyz`)).status;
  const acknowledged = () => sum(visitors, (visitor) => visitor.acknowledged.length);

  it("sends what it has acknowledged to all who were there, and is not ready meanwhile", async () => {
    assert.equal(await readiness(), 200);
    const talkers = visitors.filter(({ number }) => number % TALKS === 0);
    const talk = Promise.all(talkers.map((visitor) => visitor.talks()));
    await until(() => acknowledged() > WORDS, "there is traffic", PATIENCE_MS);
    const ended = fixture.end("SIGTERM", PATIENCE_MS);
    while ((await readiness()) !== 503);
    assert.ok(visitors.every(({ isTalking }) => isTalking), "nobody is sent away yet");
    const before = visitors.map(({ acknowledged }) => [...acknowledged]);
    assert.equal(await ended, 0);
    await within(talk, "the end of all talk", PATIENCE_MS);
    await until(() => visitors.every(({ isTalking }) => !isTalking), "everybody has noticed", PATIENCE_MS);
    assert.ok(acknowledged() > before.flat().length, "it serves on while it is not ready");

    for (const visitor of visitors) {
      assert.match(visitor.reason, /^transport (close|error)$/, `visitor ${visitor.number}`);
      hasHeard(visitor, visitor.acknowledged);
    }
    for (let first = 0; first < CLIENTS; first += ROOM) {
      const members = visitors.slice(first, first + ROOM);
      const longest = members.reduce((one, other) => (other.heard.length > one.heard.length ? other : one));
      for (const member of members) {
        agree(member, longest);
        hasHeard(member, before.slice(first, first + ROOM).flat());
      }
    }
    const { stats } = JSON.parse(fixture.lines.at(-1));
    // `auth` to each, and all words: what was put into an outbox has arrived.
    assert.equal(CLIENTS + sum(visitors, ({ heard }) => heard.length), stats.events_out);
    assert.deepEqual([stats.slow_clients_closed, stats.packets_lost, stats.sessions], [0, 0, 0]);
  });

  it("has them back in the next process, without a word to them", async () => {
    const back = visitors.map((visitor) => visitor.comesBack());
    await fixture.start();
    await within(Promise.all(back), "everybody is back", PATIENCE_MS);
    for (const { socket, room } of visitors.filter(({ number }) => number % ROOM === 0)) socket.emit("say", room, "again");
    const words = await within(Promise.all(visitors.map(({ returned }) => returned)), "a word in each room", PATIENCE_MS);
    assert.deepEqual([...new Set(words)], ["again"]);
  });
});
