/** Where a player steers: with the keys, or by pressing where the disc is to go. */

import type { Place } from "./world";

const KEYS: Readonly<Record<string, Place>> = {
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  KeyW: { x: 0, y: -1 },
  KeyS: { x: 0, y: 1 },
  KeyA: { x: -1, y: 0 },
  KeyD: { x: 1, y: 0 },
};

/** A press this far from the disc, in points of the ice, steers with full force. */
const FULL = 120;

export class Steering {
  private readonly held = new Set<string>();
  private pressed: Place | null = null;

  /** `toIce` tells which place on the ice an event of the canvas is at. */
  constructor(canvas: HTMLCanvasElement, toIce: (event: PointerEvent) => Place) {
    canvas.addEventListener("keydown", (event) => {
      if (KEYS[event.code] === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.held.add(event.code);
    });
    canvas.addEventListener("keyup", (event) => this.held.delete(event.code));
    canvas.addEventListener("blur", () => this.held.clear());
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pressed = toIce(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.pressed !== null) this.pressed = toIce(event);
    });
    for (const end of ["pointerup", "pointercancel"] as const) canvas.addEventListener(end, () => (this.pressed = null));
  }

  /** By at most 100 in any direction, for a disc that is here (in points). */
  from(here: Place): Place {
    const wanted = this.pressed === null ? this.keys() : towards(here, this.pressed);
    const long = Math.max(1, Math.hypot(wanted.x, wanted.y));
    return { x: Math.round((wanted.x / long) * 100), y: Math.round((wanted.y / long) * 100) };
  }

  private keys(): Place {
    let [x, y] = [0, 0];
    for (const code of this.held) {
      x += KEYS[code]?.x ?? 0;
      y += KEYS[code]?.y ?? 0;
    }
    return { x, y };
  }
}

function towards(here: Place, there: Place): Place {
  return { x: (there.x - here.x) / FULL, y: (there.y - here.y) / FULL };
}
