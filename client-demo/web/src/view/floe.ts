/** The floe in view: the ice, who plays, and what can be done there. */

import type { FloeView } from "../contract";
import { element, part, setText, showList, type Row } from "../dom";
import { colorOf, draw, REACH, type Scene } from "../floe/draw";
import { POINT, STEP_MS } from "../floe/ice";
import { Steering } from "../floe/steering";
import { players, state, verdict } from "../floe/words";
import { World, type Place } from "../floe/world";
import type { Game } from "../game-link";
import type { Lobby } from "../lobby";

export function floeView(root: HTMLElement, lobby: Lobby): () => void {
  const section = part(root, "floe", HTMLElement);
  const words = part(root, "floe-verdict", HTMLElement);
  const list = part(root, "skaters", HTMLElement);
  const note = part(root, "floe-note", HTMLElement);
  const watching = part(root, "floe-watching", HTMLElement);
  const showActions = actionsView(root, lobby);
  const rink = new Rink(part(root, "ice", HTMLCanvasElement));

  return () => {
    const game = lobby.games.of("floe", lobby.active?.name);
    section.hidden = game === null;
    rink.show(game);
    if (game?.view == null) return setText(words, "");
    const { floe } = game.view;
    const own = game.role === "player" ? game.seat : null;
    setText(words, verdict(floe, own));
    setText(note, game.online ? "" : "Reconnecting. Your seat is kept for a while.");
    showList(list, players(floe), skaterRow(game.view, own));
    const spectators = lobby.games.entry(game)?.spectators ?? 0;
    setText(watching, spectators === 0 ? "" : `${spectators} watching`);
    showActions(game);
  };
}

function skaterRow(view: FloeView, own: number | null): Row<[number, FloeView["floe"]["players"][number]]> {
  return {
    key: ([seat]) => String(seat),
    make: ([seat, { person }]) => {
      const dot = element("span", { class: "skater-dot", "aria-hidden": "true" });
      dot.style.background = colorOf(seat);
      const name = element("span", { class: "person-name" }, person.name, seat === own ? " (you)" : null);
      name.append(element("span", { class: "aside" }));
      return element("li", { class: "seat skater" }, dot, name);
    },
    update: (row, [, player]) => {
      const aside = row.querySelector(".aside");
      if (aside !== null) setText(aside, state(view.floe, player));
    },
  };
}

function actionsView(root: HTMLElement, lobby: Lobby): (game: Game<"floe">) => void {
  const change = part(root, "floe-role", HTMLButtonElement);
  const crash = part(root, "floe-crash", HTMLButtonElement);
  const game = () => lobby.games.of("floe", lobby.active?.name);
  change.addEventListener("click", () => {
    const current = game();
    current?.become(current.role === "player" ? "spectator" : "player");
  });
  crash.addEventListener("click", () => void game()?.act("crash"));
  return ({ role, view }) => {
    setText(change, role === "player" ? "Only watch" : "Play along");
    crash.hidden = view?.debug !== true || role !== "player";
  };
}

/** The canvas while a floe is in view: draws each frame, and steers once in each step. */
class Rink {
  private game: Game<"floe"> | null = null;
  private world = new World(null);
  private seat: number | null = null;
  private heard: FloeView | null = null;
  private splashes: Scene["splashes"] = [];
  private stepAt = 0;
  private readonly steering: Steering;
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.steering = new Steering(canvas, (event) => this.toIce(event));
  }

  /** Another game, or news of this one. */
  show(game: Game<"floe"> | null): void {
    const seat = game?.role === "player" ? game.seat : null;
    if (game !== this.game || seat !== this.seat) this.begin(game, seat);
    if (game?.view == null || game.view === this.heard) return;
    this.heard = game.view;
    this.world.heard(game.view.floe, game.applied, performance.now());
    if (!game.online) this.world.lost();
  }

  private begin(game: Game<"floe"> | null, seat: number | null): void {
    const isNew = game !== null && game !== this.game;
    [this.game, this.seat, this.heard, this.world, this.splashes] = [game, seat, null, new World(seat), []];
    if (!isNew) return;
    game.on("fell", (fallen) => this.splash(game, fallen));
    if (matchMedia("(pointer: fine)").matches) this.canvas.focus();
    requestAnimationFrame(() => this.frame(game));
  }

  private frame(game: Game<"floe">): void {
    if (game !== this.game || !this.canvas.isConnected) return;
    const now = performance.now();
    this.steer(game, now);
    this.fit();
    if (this.heard !== null) {
      const places = this.world.places(now);
      const { splashes, seat: own, dark } = this;
      draw(this.canvas, { floe: this.heard.floe, places, own, splashes, now, dark: dark.matches });
    }
    requestAnimationFrame(() => this.frame(game));
  }

  /** Once in each step, while there is a disc to be steered. */
  private steer(game: Game<"floe">, now: number): void {
    if (now - this.stepAt < STEP_MS) return;
    this.stepAt = Math.max(this.stepAt + STEP_MS, now - STEP_MS);
    const floe = this.heard?.floe;
    if (this.seat === null || floe?.players[this.seat]?.disc === undefined || floe.round.name === "starting") return;
    const here = this.world.places(now).get(this.seat) ?? { x: 0, y: 0 };
    const { x, y } = this.steering.from({ x: here.x / POINT, y: here.y / POINT });
    if (x === 0 && y === 0 && floe.round.name === "waiting" && this.world.rests) return;
    const number = game.input({ steer: { x, y } });
    if (number === null) this.world.lost();
    else this.world.steered(number, x, y, now);
  }

  private splash(game: Game<"floe">, seat: number): void {
    const now = performance.now();
    const place = this.world.places(now).get(seat);
    if (game !== this.game || place === undefined || this.calm.matches) return;
    this.splashes = [...this.splashes.filter(({ at }) => now - at < 1_000), { ...place, at: now }];
  }

  /** As many dots as the screen has for it. */
  private fit(): void {
    const wanted = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (wanted > 0 && this.canvas.width !== wanted) [this.canvas.width, this.canvas.height] = [wanted, wanted];
  }

  private toIce(event: PointerEvent): Place {
    const box = this.canvas.getBoundingClientRect();
    const reach = REACH / POINT;
    return {
      x: ((event.clientX - box.left) / box.width - 0.5) * 2 * reach,
      y: ((event.clientY - box.top) / box.height - 0.5) * 2 * reach,
    };
  }
}
