/**
 * One game that this tab is at.
 *
 * A game is a room of the server's: joining it is connecting to its namespace,
 * on the connection that the lobby has already. The stock client comes back by
 * itself after an outage, and to the same seat.
 */

import type { Manager, Socket } from "socket.io-client";

import { ANSWER_MS } from "./connection";
import type { FloeIn, FloeView, FourIn, FourView, Problem } from "./contract";
import { RoomState } from "./room-state";
import { NO_ANSWER } from "./words";

export type Kind = "four" | "floe";

export type Role = "player" | "spectator";

export interface View {
  four: FourView;
  floe: FloeView;
}

export interface In {
  four: FourIn;
  floe: FloeIn;
}

/** What a game needs of the lobby. */
export interface GameHost {
  readonly manager: Manager;
  /** A token to connect with. */
  token(): Promise<string>;
  /** Another one, since that one has ended. Tells whether it can be tried. */
  renewed(): Promise<boolean>;
  changed(): void;
  complain(message: string): void;
  /** The game is over for us, with a sentence that says why. */
  over(game: Game, why: string): void;
}

/** A state that has gone wrong is seen after so long, and put right. */
export const COMPARE_MS = 10_000;

/** What a room says to who has joined. */
interface Joined {
  readonly seat: number;
  readonly role: Role;
}

export class Game<K extends Kind = Kind> {
  readonly state: RoomState<View[K]>;
  /** Number of our seat; nothing before we have joined. */
  seat: number | null = null;
  /** Joined, as far as this connection knows. */
  online = false;

  private readonly socket: Socket;
  private dismissal = "";
  /** Compares states now and then, while we are there. */
  private comparing: ReturnType<typeof setInterval> | undefined;

  constructor(
    readonly kind: K,
    readonly id: string,
    /** What we came for. Who has a seat keeps it. */
    public role: Role,
    private readonly host: GameHost,
  ) {
    this.socket = host.manager.socket(`/${kind}/${id}`);
    // The manager keeps sockets by their paths: this one may have been here before.
    this.socket.off();
    this.socket.auth = (give) => void host.token().then((token) => give({ token, join: { role: this.role } }));
    this.state = new RoomState(this.socket, () => host.changed());
    this.listen();
    this.socket.connect();
  }

  get view(): View[K] | null {
    return this.state.value;
  }

  /** The number of our last input that the state knows. */
  get applied(): number {
    return this.state.applied[this.seat ?? ""] ?? 0;
  }

  /** Does something, and complains if that is refused. */
  async act(event: In[K]): Promise<void> {
    const [name, ...args] = typeof event === "string" ? [event] : (Object.entries(event)[0] ?? [""]);
    const answer = await this.ask(String(name), args);
    if (answer !== null) this.host.complain(answer.message);
  }

  /** Sends an input of which there is another one soon; nothing is kept for later. */
  input(event: In[K] & object): number | null {
    const [name, arg] = Object.entries(event)[0] ?? [""];
    return this.online && name !== "" ? this.state.input(name, arg) : null;
  }

  /** Hears of something that has happened. */
  on(event: string, listener: (arg: number) => void): void {
    this.socket.on(event, listener);
  }

  /** Comes again as somebody who plays, or who looks on. */
  become(role: Role): void {
    this.role = role;
    this.socket.disconnect().connect();
  }

  leave(): void {
    clearInterval(this.comparing);
    this.socket.off();
    this.socket.disconnect();
  }

  private listen(): void {
    const { socket, host } = this;
    socket.on("joined", ({ seat, role }: Joined) => {
      [this.seat, this.role, this.online, this.dismissal] = [seat, role, true, ""];
      clearInterval(this.comparing);
      this.comparing = setInterval(() => void this.state.inStep(), COMPARE_MS);
      host.changed();
    });
    socket.on("dismissed", ({ reason }: { reason: string }) => (this.dismissal = reason));
    socket.on("error", ({ message }: Problem) => host.complain(message));
    socket.on("disconnect", (reason) => {
      this.online = false;
      clearInterval(this.comparing);
      if (reason === "io server disconnect") host.over(this, dismissalSentence(this.dismissal));
      host.changed();
    });
    socket.on("connect_error", (error) => {
      // An active socket tries again by itself: that was the network, not a refusal.
      if (!socket.active) void this.refused(error);
    });
  }

  private async refused(error: Error & { data?: { code?: string; retry_after?: number } }): Promise<void> {
    const { code, retry_after: seconds } = error.data ?? {};
    if (code === "token_expired" && (await this.host.renewed())) return void this.socket.connect();
    if (code === "unavailable") return void setTimeout(() => this.socket.connect(), (seconds ?? 1) * 1_000);
    if (this.role === "player" && this.seat !== null) {
      // The place was taken meanwhile.
      this.host.complain(error.message);
      return this.become("spectator");
    }
    this.host.over(this, code === "no_such_room" ? "it is gone." : error.message);
  }

  private async ask(event: string, args: readonly unknown[]): Promise<Problem | null> {
    try {
      const answer: { error?: Problem } | undefined = await this.socket.timeout(ANSWER_MS).emitWithAck(event, ...args);
      return answer?.error ?? null;
    } catch {
      return { code: "unanswered", message: NO_ANSWER };
    }
  }
}

function dismissalSentence(reason: string): string {
  switch (reason) {
    case "kicked":
      return "You were sent away.";
    case "rate_limited":
      return "Too much came from here in too short a time.";
    case "crashed":
      return "The room broke down.";
    default:
      return "The room has closed.";
  }
}
