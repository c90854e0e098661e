#!/usr/bin/env node
// The fixture contract (tests/FIXTURE.md) on the reference implementation.
// ORACLE_FAULT=<name> breaks one promise on purpose (faults.js): the suites must notice.

import { createServer } from "node:http";
import process from "node:process";
import { Server } from "socket.io";
import { behaviour } from "./behaviour.js";
import { breakOn } from "./faults.js";

const number = (name, fallback) => {
  const value = Number(process.env[name] ?? fallback);
  if (!Number.isInteger(value) || value < 0) throw new TypeError(`${name} is not a whole number`);
  return value;
};

const http = createServer();
const io = new Server(http, {
  pingInterval: number("PING_INTERVAL_MS", 300),
  pingTimeout: number("PING_TIMEOUT_MS", 200),
  connectTimeout: number("CONNECT_TIMEOUT_MS", 1000),
  upgradeTimeout: number("UPGRADE_TIMEOUT_MS", 10_000),
  maxHttpBufferSize: number("MAX_PAYLOAD", 1_000_000),
  allowEIO3: process.env.ALLOW_EIO3 === "true",
  cors: { origin: "*" },
  serveClient: false,
});

const secret = process.env.JWT_SECRET ?? "only-for-tests-0123456789abcdef0123";
const namespaces = behaviour(io, secret);
if (process.env.ORACLE_FAULT) breakOn(process.env.ORACLE_FAULT, namespaces, io);

for (const [name, { admit, welcome, farewell, events }] of Object.entries(namespaces)) {
  const namespace = io.of(name);
  if (admit) namespace.use((socket, next) => next(refusal(admit(socket))));
  namespace.on("connection", (socket) => {
    for (const [event, handler] of Object.entries(events)) socket.on(event, answering(socket, handler));
    if (farewell) socket.on("disconnecting", (reason) => farewell(socket, reason));
    welcome?.(socket);
  });
}

http.listen(number("PORT", 0), "127.0.0.1", () => {
  process.stdout.write(`listening 127.0.0.1:${http.address().port}\n`);
});
process.on("SIGTERM", () => io.close(() => process.exit(0)));

/** What `admit` says, as the error that the reference sends as CONNECT_ERROR. */
function refusal(said) {
  return said && Object.assign(new Error(said.message), { data: said.data });
}

/** A listener that gives its handler an ack (a mute one if none was asked for) and turns what it throws into an answer. */
function answering(socket, handler) {
  return (...args) => {
    const ack = typeof args.at(-1) === "function" ? args.pop() : () => {};
    try {
      handler(socket, args, ack);
    } catch (error) {
      ack({ error: { code: error.code ?? "internal", message: error.message } });
    }
  };
}
