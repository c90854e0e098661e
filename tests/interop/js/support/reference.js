// Node's own server beside the fixture, in this process: what both are asked, both have to answer.

import { once } from "node:events";
import { createServer } from "node:http";
import { Server } from "socket.io";

/** Runs `test` with a server that ends with it. */
export async function besideReference(options, test) {
  const http = createServer();
  const io = new Server(http, options);
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  try {
    await test({ io, url: `http://127.0.0.1:${http.address().port}` });
  } finally {
    http.closeAllConnections();
    await io.close();
  }
}
