// node play.js URL NAME HANDS: joins a room, plays these hands, tells who has won.
// Its connection breaks once on the way.

const { once } = require("node:events");
const { io } = require("socket.io-client");

const [url = "http://localhost:7000", name = "Ann", hands = "rock,paper,scissors,rock,paper"] = process.argv.slice(2);

// Without a token this is a guest: with the key of `joined` it gets its seat again.
let guest;
const room = io(`${url}/rps`, { auth: (give) => give({ guest, join: { me: name } }), reconnectionDelay: 100 });

// The state, in ten lines: see docs/guide/state-and-views.md.
let at, state;
let look = () => {};
const merge = (to, patch) => {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const next = to && typeof to === "object" && !Array.isArray(to) ? { ...to } : {};
  for (const key in patch) {
    if (patch[key] === null) delete next[key];
    else next[key] = merge(next[key], patch[key]);
  }
  return next;
};
room.on("state", ({ o, full }) => {
  [at, state] = [o, full];
  look();
});
room.on("patch", ({ from, o, d }) => {
  if (from !== at) return room.emit("resync");
  [at, state] = [o, merge(state, d)];
  look();
});
/** Waits until the state is like this. */
const sees = (test) =>
  new Promise((resolve) => {
    look = () => {
      if (state && test(state)) resolve();
    };
    look();
  });

room.on("said", ({ text }) => console.log(`somebody says ${text}`));
room.on("connect_error", (error) => {
  if (room.active) return; // it tries again
  console.log(`refused: ${error.data?.code}`);
  process.exit(1);
});

async function play() {
  const [me] = await once(room, "joined");
  guest = me.guest;
  await room.emitWithAck("say", { text: "hello" });
  let round = 0;
  for (const hand of hands.split(",")) {
    await sees((s) => s.phase === "over" || s.round > round);
    if (state.phase === "over") break;
    round = state.round;
    if (round === 2) {
      room.io.engine.close(); // a tunnel
      const [again] = await once(room, "joined");
      console.log(`comes back: ${again.resumed && again.id === me.id}`);
    }
    await room.emitWithAck("choose", hand);
  }
  await sees((s) => s.phase === "over");
  const { error } = await room.emitWithAck("choose", "rock");
  console.log(`after the end: ${error.code}`);
  console.log(`${state.players[state.winner].name} wins in round ${state.round}`);
  room.disconnect();
}

play();
