/** The connection to the lobby, as a state that can be shown. */

import { io, type Socket } from "socket.io-client";

import { NAMESPACE, type Answer, type FromServer, type Problem, type Questions, type ToServer } from "./contract";
import { NO_ANSWER } from "./words";

export type Link =
  | { readonly state: "connecting" }
  | { readonly state: "connected"; readonly transport: string }
  /** Lost, and being tried again. Attempt 0: the first one is not yet under way. */
  | { readonly state: "reconnecting"; readonly attempt: number }
  /** Ended by the server; the client does not come back by itself. */
  | { readonly state: "closed" };

export interface Watcher {
  link(link: Link): void;
  /** The server does not let this token in. */
  refused(code: string): void;
}

export type LobbySocket = Socket<FromServer, ToServer>;

/** How long an ack may take. Longer than a round trip of polling on a bad line, shorter than patience. */
export const ANSWER_MS = 10_000;

/** Makes a socket that is not connected yet, so that listeners can be put in place. */
export function createSocket(token: () => Promise<string>): LobbySocket {
  return io(NAMESPACE, {
    // Asked at every connect: the token of the last one may have ended.
    auth: (give) => void token().then((token) => give({ token })),
    autoConnect: false,
    // A new visit gets a new connection, never the one of the visit before.
    forceNew: true,
    reconnectionDelay: 500,
    reconnectionDelayMax: 5_000,
  });
}

export function watch(socket: LobbySocket, watcher: Watcher): void {
  socket.on("connect", () => {
    const { engine } = socket.io;
    const tell = () => watcher.link({ state: "connected", transport: engine.transport.name });
    engine.once("upgrade", tell);
    tell();
  });
  socket.on("disconnect", (reason) => {
    if (reason === "io client disconnect") return;
    watcher.link(socket.active ? { state: "reconnecting", attempt: 0 } : { state: "closed" });
  });
  socket.on("connect_error", (error) => {
    // An active socket tries again by itself: that was the network, not a refusal.
    if (!socket.active) watcher.refused(refusalCode(error));
  });
  socket.io.on("reconnect_attempt", (attempt) => watcher.link({ state: "reconnecting", attempt }));
}

/** The answer of a server that gave none. */
export const UNANSWERED: Problem = { code: "unanswered", message: NO_ANSWER };

/** Asks something, with a bound on the answer. Never throws. */
export async function ask<E extends keyof Questions>(
  socket: LobbySocket,
  event: E,
  payload: Questions[E]["payload"],
): Promise<Answer<Questions[E]["answer"]>> {
  type Asking = (event: E, payload: Questions[E]["payload"]) => Promise<Answer<Questions[E]["answer"]>>;
  const bounded = socket.timeout(ANSWER_MS);
  try {
    return await (bounded.emitWithAck as Asking).call(bounded, event, payload);
  } catch {
    return { error: UNANSWERED };
  }
}

function refusalCode(error: Error & { data?: unknown }): string {
  const { data } = error;
  if (typeof data === "object" && data !== null && "code" in data && typeof data.code === "string") {
    return data.code;
  }
  return "refused";
}
