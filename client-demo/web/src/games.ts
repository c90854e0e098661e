/** The games of this tab, and the lists of all there are. A game has a room of the lobby's for its talk. */

import type { RoomDelta, RoomInfo } from "./contract";
import { Game, type GameHost, type Kind, type Role } from "./game-link";
import { RoomList } from "./room-list";

export const KINDS: readonly Kind[] = ["four", "floe"];

/** The lobby's room where a game is talked about. */
export function talkOf(kind: Kind, id: string): string {
  return `${kind}-${id}`;
}

/** The game that is talked about in a room. */
export function gameIn(room: string): { readonly kind: Kind; readonly id: string } | null {
  const [, kind, id] = /^(four|floe)-([0-9a-f]{16})$/.exec(room) ?? [];
  return id === undefined ? null : { kind: kind as Kind, id };
}

export class Games {
  readonly lists: Readonly<Record<Kind, RoomList>> = { four: new RoomList("four"), floe: new RoomList("floe") };
  private readonly games = new Map<string, Game>();
  /** What games were called last, for those that are in no list any more. */
  private readonly titles = new Map<string, string>();

  constructor(private readonly host: GameHost) {}

  /** The game that is talked about in this room, if it is of this kind. */
  of<K extends Kind>(kind: K, room: string | undefined): Game<K> | null {
    const game = this.games.get(room ?? "");
    return game?.kind === kind ? (game as unknown as Game<K>) : null;
  }

  /** The lobby tells what has changed in a list. */
  told({ type, ...delta }: RoomDelta): void {
    const kind = KINDS.find((kind) => type === `/${kind}`);
    if (kind !== undefined) this.lists[kind].changed(delta);
  }

  /** Where we play or look on, by the room of the talk. */
  get all(): ReadonlyMap<string, Game> {
    return this.games;
  }

  /** What the list says of a game. */
  entry(game: { readonly kind: Kind; readonly id: string }): RoomInfo | null {
    return this.lists[game.kind].find(game.id);
  }

  /** What people call a game. */
  title(room: string): string | null {
    const game = gameIn(room);
    if (game === null) return null;
    const title = this.entry(game)?.label.title || this.titles.get(room);
    if (title === undefined) return game.kind === "four" ? "A table" : "A floe";
    this.titles.set(room, title);
    return title;
  }

  /** Goes to the game that is talked about in a room, if there is one. */
  enter(room: string, role: Role): void {
    const game = gameIn(room);
    if (game === null || this.games.has(room)) return;
    this.games.set(room, new Game(game.kind, game.id, role, this.host));
  }

  leave(room: string): void {
    this.games.get(room)?.leave();
    this.games.delete(room);
  }
}
