// Promises broken on purpose, one at a time: a suite that stays green under one of these proves nothing.

const EVERY = 700; // rare enough that small tests pass, frequent enough that each ordered run meets it

const counted = (rare, usual) => {
  let count = 0;
  return (...args) => (++count % EVERY === 0 ? rare : usual)(...args);
};

/** Replaces one handler of `/`. */
const event = (name, broken) => (namespaces) => {
  const { events } = namespaces["/"];
  events[name] = broken(events[name]);
};

const faults = {
  "an event is dropped": event("message", (usual) => counted(() => {}, usual)),
  "an event comes twice": event("message", (usual) => counted((...args) => [usual(...args), usual(...args)], usual)),
  "two events change places": event("message", (usual) => {
    let held;
    return counted(
      (...args) => {
        held = args;
      },
      (...args) => {
        usual(...args);
        if (held) usual(...held);
        held = undefined;
      },
    );
  }),
  "nothing becomes null": event("message", (usual) => (socket, args) => usual(socket, args.length ? args : [null])),
  "only the first argument comes back": event("message-with-ack", () => (_socket, args, ack) => ack(args[0])),
  "a byte of an attachment is changed": event("message", (usual) => (socket, args) => {
    const bytes = args.find(Buffer.isBuffer);
    if (bytes?.length) bytes[bytes.length - 1] ^= 1;
    usual(socket, args);
  }),
  "bytes come back as text": event("message-with-ack", () => (_socket, args, ack) =>
    ack(...args.map((arg) => (Buffer.isBuffer(arg) ? arg.toString("base64") : arg))),
  ),
  "the ack overtakes the broadcast": event("say", (usual) => (socket, args, ack) => {
    ack("ok");
    usual(socket, args, () => {});
  }),
  "a shout reaches its sender": event("shout", () => (socket, [room, words], ack) => {
    socket.nsp.to(room).emit("said", words);
    ack("ok");
  }),
  "a union reaches some twice": event("say-many", () => (socket, [to, except, words], ack) => {
    for (const room of to) socket.nsp.to(room).except(except).emit("said", words);
    ack("ok");
  }),
  "nobody is excepted": event("say-many", () => (socket, [to, , words], ack) => {
    socket.nsp.to(to).emit("said", words);
    ack("ok");
  }),
  "leaving does nothing": event("leave", () => (_socket, _args, ack) => ack("ok")),
  "the own room is not listed": event("rooms", () => (socket, _args, ack) => ack([...socket.rooms].filter((room) => room !== socket.id))),
  "everyone reaches all namespaces": event("all", (usual) => (socket, args, ack) => {
    socket.server.of("/policy").emit("said", ...args);
    usual(socket, args, ack);
  }),
  "silence is never noticed": event("ask-me", () => (socket, [question]) =>
    socket.emit("question", question, (answer) => socket.emit("answered", answer ?? null)),
  ),
  "a late answer counts": event("ask-me", (usual) => (socket, [question]) => {
    socket.timeout(1000).emit("question", question, (late) => late && socket.emit("answered", { error: "timeout" }));
    socket.emit("question", question, (answer) => socket.emit("answered", answer ?? null));
  }),
  "a kick leaves the other namespaces": event("kick", () => (socket) => socket.disconnect(false)),
  "a kick takes the other namespaces": event("kick", () => (socket) => socket.disconnect(true)),
  "a panic ends the connection": event("panic", () => (socket) => socket.conn.close()),
  "a float counts as an integer": event("sum", () => (_socket, [a, b], ack) => ack(Math.trunc(a) + Math.trunc(b))),
  "the reason is always the same": (namespaces) => {
    const { farewell } = namespaces["/"];
    namespaces["/"].farewell = (socket) => farewell(socket, "transport close");
  },
  "nobody hears who left": (namespaces) => {
    namespaces["/"].farewell = undefined;
  },
  "the auth payload is lost": (namespaces) => {
    namespaces["/"].welcome = (socket) => socket.emit("auth", {});
  },
  "every token is good": (namespaces) => {
    namespaces["/jwt"].admit = (socket) => {
      socket.data.sub = "anyone";
    };
  },
  "a refusal has no data": (namespaces) => {
    const { admit } = namespaces["/middleware"];
    namespaces["/middleware"].admit = (socket) => admit(socket) && { message: "refused" };
  },
  "every room is public": (namespaces) => {
    Object.assign(namespaces["/policy"].events, { join: namespaces["/"].events.join });
  },
  "no upgrade is offered": (_namespaces, io) => {
    io.engine.opts.transports = ["polling"];
    io.engine.upgrades = () => [];
  },
  "the upgrade loses what waits": (_namespaces, io) => {
    io.engine.on("connection", (session) => session.once("upgrade", () => session.writeBuffer.shift()));
  },
  "the upgrade turns round what waits": (_namespaces, io) => {
    io.engine.on("connection", (session) => session.once("upgrade", () => session.writeBuffer.reverse()));
  },
  "every namespace exists": (_namespaces, io) => {
    io.of(/.*/);
  },
  "an acked event is handled twice": event("message-with-ack", (usual) => (socket, args, ack) => {
    socket.emit("message-back", ...args);
    usual(socket, args, ack);
  }),
};

/** Breaks the named promise. */
export function breakOn(name, namespaces, io) {
  if (!(name in faults)) throw new RangeError(`no such fault: ${name}`);
  faults[name](namespaces, io);
}

export const faultNames = Object.keys(faults);
