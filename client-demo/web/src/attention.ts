/**
 * Whether somebody is at this page: said while there is input, and taken back
 * when there was none for a while.
 *
 * A page that is hidden or asleep may be unable to say so; the server then
 * believes it no longer, by its own clock.
 */

const INPUT = ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"] as const;

export class Attention {
  /** What was said last. */
  here = true;
  private idleAfter = 60_000;
  private last = Date.now();
  private reported = -Infinity;
  private timer = 0;
  private readonly touched = () => this.touch();
  private readonly shown = () => {
    if (!document.hidden) this.touch();
  };

  constructor(private readonly report: (status: "online" | "idle") => void) {
    for (const input of INPUT) addEventListener(input, this.touched, { passive: true });
    document.addEventListener("visibilitychange", this.shown);
  }

  /** A connection has begun: what holds now is said on it. */
  connected(idleAfter: number): void {
    this.idleAfter = idleAfter;
    this.here = Date.now() - this.last < idleAfter;
    this.say();
    this.arm();
  }

  close(): void {
    clearTimeout(this.timer);
    for (const input of INPUT) removeEventListener(input, this.touched);
    document.removeEventListener("visibilitychange", this.shown);
  }

  private touch(): void {
    this.last = Date.now();
    this.arm();
    const due = this.last - this.reported > this.idleAfter;
    if (this.here && !due) return;
    this.here = true;
    this.say();
  }

  private arm(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.look(), this.idleAfter);
  }

  private look(): void {
    this.here = false;
    this.say();
  }

  private say(): void {
    this.reported = this.here ? Date.now() : -Infinity;
    this.report(this.here ? "online" : "idle");
  }
}
