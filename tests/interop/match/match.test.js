// Whole matches, played by stock clients through the contract of custom rooms.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "../js/support/wait.js";
import { Lobby } from "./lobby.js";

/** Red's and yellow's columns in turn; red has four in the first one. */
const RED_WINS = [0, 1, 0, 1, 0, 1, 0];

let lobby;
before(async () => (lobby = await Lobby.start()));
after(() => lobby.end());

for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
  describe(`four in a row over ${transports.join(", then ")}`, () => {
    it("is found, played to the end, watched, and played again", () => play(transports, fourInARow));
  });
}

describe("the floe", () => {
  it("is played to the third round that somebody wins", () => play(["websocket"], floe));
});

describe("a room that crashes", () => {
  it("answers, goes on, and leaves a journal that leads to the same panic", () => play(["websocket"], crash));
});

/** Three players in the lobby; they leave whatever happens. */
async function play(transports, match) {
  const players = await Promise.all(["Ann", "Bob", "Cat"].map((name) => lobby.player(name, transports)));
  try {
    await Promise.all(players.map((player) => player.enterLobby()));
    await match(...players);
  } finally {
    for (const player of players) player.leave();
  }
}

async function fourInARow(ann, bob, cat) {
  const list = new Map();
  cat.lobby.on("room:delta", ({ set, gone }) => {
    for (const room of set) list.set(room.id, room);
    for (const id of gone) list.delete(id);
  });
  await cat.ask("room:watch", { type: "/four" });
  const { path, id } = await ann.ask("room:create", { type: "/four" });
  const red = ann.join(path);
  await red.sees(({ table }) => table.red?.person.name === "Ann", "Ann has a seat");
  const found = await bob.ask("room:find", { type: "/four" });
  assert.equal(found.path, path);
  const yellow = bob.join(found.path);
  await yellow.sees(({ table }) => table.yellow?.person.name === "Bob", "Bob has a seat");
  assert.deepEqual([red.joined[0].role, red.joined[0].room, yellow.joined[0].seat], ["player", id, 1]);

  const late = cat.join(path);
  await until(() => late.refusal !== null, "there is no third seat");
  assert.equal(late.refusal.code, "full");
  late.socket.disconnect();
  late.socket.off();
  const watcher = cat.join(path, { role: "spectator" });
  await watcher.sees(({ table }) => table.yellow !== undefined, "Cat looks on");
  assert.equal((await watcher.do("ready", true)).error.code, "spectator");
  await until(() => list.get(id)?.spectators === 1 && list.get(id)?.players === 2, "the list tells of them");

  assert.equal((await red.do("drop", 0)).error.code, "not_playing");
  await begin(red, yellow);
  await playThrough([red, yellow], RED_WINS, watcher);
  for (const seat of [red, yellow, watcher]) {
    await seat.sees(({ table }) => table.phase.outcome?.winner === "red", "red has won");
    assert.ok(await seat.isInStep(), "the state is the server's");
  }
  assert.deepEqual(watcher.state, red.state);
  await until(() => list.get(id)?.label.playing === false, "the list tells of the end");

  await begin(red, yellow, "yellow");
  bob.lobby.io.engine.close();
  await until(() => yellow.joined.length === 2, "Bob comes back by himself");
  assert.deepEqual([yellow.joined[1].resumed, yellow.joined[1].seat], [true, 1]);
  assert.deepEqual(await dropAt(yellow, 3), undefined);
  await red.sees(({ table }) => table.last === 3, "the game goes on");

  for (const { socket } of [red, yellow, watcher]) socket.disconnect();
  await until(() => !list.has(id), "an empty room is in no list");
}

async function begin(red, yellow, first = "red") {
  await red.do("ready", true);
  await yellow.do("ready", true);
  await Promise.all([red, yellow].map((seat) => seat.sees(({ table }) => table.phase.turn === first, `${first} begins`)));
}

async function playThrough(seats, columns, watcher) {
  for (const [turn, column] of columns.entries()) {
    const [mover, other] = turn % 2 === 0 ? seats : [...seats].reverse();
    assert.equal((await dropAt(other, column)).code, "not_your_turn");
    const discs = mover.state.table.board[column].length;
    assert.equal((await dropAt(mover, 7)).code, "no_such_column");
    assert.equal(await dropAt(mover, column), undefined);
    // The patch was there before the acknowledgement.
    assert.equal(mover.state.table.board[column].length, discs + 1);
    for (const seat of [other, watcher]) {
      await seat.sees(({ table }) => table.board[column].length === discs + 1, "everybody sees the disc");
    }
  }
}

async function dropAt(seat, column) {
  return (await seat.do("drop", column))?.error;
}

async function floe(ann, bob, cat) {
  const { path } = await ann.ask("room:find", { type: "/floe", or_create: true });
  const first = ann.join(path);
  await first.sees(({ floe }) => floe.round.name === "waiting", "Ann is alone");
  const second = bob.join(path);
  const watcher = cat.join(path, { role: "spectator" });
  await watcher.sees(({ floe }) => Object.keys(floe.players).length === 2, "Cat sees both");
  const [annSeat, bobSeat] = [first.joined[0].seat, second.joined[0].seat];

  for (let round = 1; round <= 3; round += 1) {
    await first.sees(({ floe }) => floe.round.name === "playing", `round ${round} begins`, 20_000);
    assert.equal(first.state.floe.players[bobSeat].won, round - 1);
    const before = first.state.floe.players[annSeat].disc.x;
    // Off the ice, by the shortest way.
    first.socket.emit("steer", { x: before > 0 ? 100 : -100, y: 0 }, { $n: round });
    await second.sees(({ floe }) => floe.round.name === "over", `round ${round} ends`, 20_000);
    await watcher.sees(({ floe }) => floe.round.winner === bobSeat, "Bob has won it");
  }
  await until(() => watcher.heard.filter(([event]) => event === "won").length === 3, "three rounds were announced");
  assert.ok(watcher.heard.every(([event, seat]) => event !== "won" || seat === bobSeat));
  assert.ok(await second.isInStep(), "the state is the server's");
}

async function crash(ann, bob) {
  const { path } = await ann.ask("room:create", { type: "/four", debug: true });
  const [red, yellow] = [ann.join(path), bob.join(path)];
  await red.sees(({ table }) => table.red !== undefined && table.yellow !== undefined, "both have seats");
  await red.do("ready", true);
  assert.equal((await red.do("crash")).error.code, "room_error");
  await yellow.do("ready", true);
  await red.sees(({ table }) => table.phase.name === "playing", "the game begins all the same");
  assert.ok(await yellow.isInStep(), "the state is the server's");
  assert.match(await lobby.replay(), /same panic.*on_event.*somebody asked the room to crash/);
}
