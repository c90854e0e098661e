// What each namespace of the contract does, as tables of handlers `(socket, args, ack)`.

import { subjectOf } from "./token.js";

const ANSWER_MS = 1000;

/** Tables by namespace: `admit` may refuse, `welcome` and `farewell` bracket a socket's life, `events` are its handlers. */
export function behaviour(io, secret) {
  const echo = {
    message: (socket, args) => socket.emit("message-back", ...args),
    "message-with-ack": (_socket, args, ack) => ack(...args),
  };
  const welcome = (socket) => socket.emit("auth", socket.handshake.auth);
  return {
    "/": { welcome, farewell: sayGoodbye, events: { ...echo, ...rooms(io.of("/")), ...conversation, ...faulty } },
    "/custom": { welcome, events: echo },
    "/jwt": {
      admit: (socket) => admitByToken(socket, secret),
      welcome: (socket) => socket.emit("claims", { sub: socket.data.sub }),
      events: {},
    },
    "/middleware": {
      admit: (socket) => (String(socket.handshake.auth.fail) === "true" ? { message: "refused", data: { why: "fail" } } : undefined),
      events: { "message-with-ack": echo["message-with-ack"] },
    },
    "/policy": { events: policy(rooms(io.of("/policy"))) },
  };
}

/** Room verbs; a broadcast is emitted before it is acked. */
function rooms(namespace) {
  return {
    join: (socket, [room], ack) => {
      socket.join(roomName(room));
      ack("ok");
    },
    leave: (socket, [room], ack) => {
      socket.leave(roomName(room));
      ack("ok");
    },
    rooms: (socket, _args, ack) => ack([...socket.rooms]),
    say: (_socket, [room, words], ack) => {
      namespace.to(room).emit("said", words);
      ack("ok");
    },
    shout: (socket, [room, words], ack) => {
      socket.to(room).emit("said", words);
      ack("ok");
    },
    "say-many": (_socket, [to, except, words], ack) => {
      if (to.length > 0) namespace.to(to).except(except).emit("said", words);
      ack("ok");
    },
    all: (_socket, [words], ack) => {
      namespace.emit("said", words);
      ack("ok");
    },
  };
}

const conversation = {
  id: (socket, _args, ack) => ack(socket.id),
  "ask-me": (socket, [question]) => {
    socket.timeout(ANSWER_MS).emit("question", question, (late, answer) => {
      socket.emit("answered", late ? { error: "timeout" } : (answer ?? null));
    });
  },
  kick: (socket, [close]) => socket.disconnect(close),
  sum: (_socket, [a, b], ack) => {
    if (!Number.isInteger(a) || !Number.isInteger(b)) throw coded("bad_payload", "two integers are needed");
    ack(a + b);
  },
};

const faulty = {
  fail: () => {
    throw coded("failed", "this event always fails");
  },
  panic: () => {
    throw new Error("the handler broke");
  },
};

function policy({ join, leave, rooms, say }) {
  const guarded = (verb) => (socket, [room], ack) => {
    if (!roomName(room).startsWith("public-")) throw coded("room_refused", "only rooms that begin with public-");
    verb(socket, [room], ack);
  };
  return { join: guarded(join), leave: guarded(leave), rooms, say };
}

function sayGoodbye(socket, reason) {
  const shared = [...socket.rooms].filter((room) => room !== socket.id);
  if (shared.length > 0) socket.to(shared).emit("left", { id: socket.id, reason });
}

function admitByToken(socket, secret) {
  const { auth, headers } = socket.handshake;
  const token = auth.token ?? headers.authorization?.replace(/^Bearer /, "");
  const { sub, code } = subjectOf(token, secret);
  if (code) return { message: "not admitted", data: { code } };
  socket.data.sub = sub;
}

function roomName(room) {
  if (typeof room !== "string") throw coded("bad_payload", "a room's name is a string");
  return room;
}

function coded(code, message) {
  return Object.assign(new Error(message), { code });
}
