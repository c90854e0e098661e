// Peer: the reference server (npm socket.io) on its default engine (ws with bufferutil), with the
// generator's events. PORT: where to listen on 127.0.0.1.
"use strict";

const http = require("node:http");
const { Server } = require("socket.io");

const BACKLOG = 4096;

const server = http.createServer();
const io = new Server(server, { serveClient: false });

io.on("connection", (socket) => {
  socket.on("join", (room, ack) => {
    socket.join(room);
    ack("ok");
  });
  socket.on("leave", (room, ack) => {
    socket.leave(room);
    ack("ok");
  });
  socket.on("echo", (...args) => {
    const ack = args.pop();
    ack(...args);
  });
  socket.on("say", (room, payload) => io.to(room).emit("said", payload));
});

server.listen(Number(process.env.PORT), "127.0.0.1", BACKLOG, () => console.log("listening"));
