/** How long the way to the server and back takes. */

import { ask, type LobbySocket } from "./connection";
import { isRefused } from "./contract";

/** Often enough to notice a line that gets worse, seldom enough to be nothing beside one message, in ms. */
const EVERY_MS = 5_000;

/** Measures while the page is connected and looked at; the result ends it. */
export function measureLatency(socket: LobbySocket, measured: (ms: number) => void): () => void {
  const measure = async () => {
    if (!socket.connected || document.hidden) return;
    const begin = performance.now();
    const answer = await ask(socket, "echo", {});
    if (!isRefused(answer)) measured(Math.round(performance.now() - begin));
  };
  // Behind the first rush, which would be measured instead.
  socket.on("connect", () => setTimeout(() => void measure(), 500));
  const timer = setInterval(() => void measure(), EVERY_MS);
  return () => clearInterval(timer);
}
