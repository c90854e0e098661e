/**
 * The token of this tab, kept fresh.
 *
 * It is replaced before it ends, on the open connection; and asked for anew when
 * a connection begins after its end.
 */

import type { Welcome } from "./contract";
import { renew, type Renewal } from "./session";

/** So much before its end, by this machine's clock, a token is not used for a new connection, in ms. */
const MARGIN_MS = 2_000;

export class Pass {
  /** One question at a time, whoever asks. */
  private renewing: Promise<Renewal> | null = null;

  constructor(
    private welcome: Welcome,
    /** Runs with what the server gave, so that a reload has it too. */
    private readonly renewed: (welcome: Welcome) => void,
  ) {}

  get token(): string {
    return this.welcome.token;
  }

  /** A token to connect with: another one if ours has ended. Without an answer it is ours. */
  async fresh(): Promise<string> {
    if (this.welcome.exp * 1_000 - Date.now() < MARGIN_MS) await this.renew();
    return this.token;
  }

  /** Asks the server for another token. */
  renew(): Promise<Renewal> {
    this.renewing ??= this.ask().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  private async ask(): Promise<Renewal> {
    const renewal = await renew(this.welcome.refresh);
    if (typeof renewal === "object") {
      this.welcome = renewal;
      this.renewed(renewal);
    }
    return renewal;
  }
}
