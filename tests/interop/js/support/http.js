// HTTP by hand, where a client would decode, follow or hide something.

import { request } from "node:http";

const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** One request, nothing decoded; `upgrade` asks for a WebSocket, and is for requests that do not get it. */
export function raw(url, { method = "GET", headers = {}, body, upgrade = false } = {}) {
  return new Promise((resolve, reject) => {
    const options = { method, headers: upgrade ? { ...headers, ...UPGRADE } : headers };
    const asked = request(url, options, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }));
    });
    asked.on("upgrade", (_answer, socket) => {
      socket.destroy();
      reject(new Error("the WebSocket was let in"));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}
