/** What can be said about a floe, and to whom. No network, no document. */

import type { Floe, Player } from "../contract";

/** Rounds to be won. */
const WIN = 3;

/** Those who play, by their seats. */
export function players(floe: Floe): [number, Player][] {
  return Object.entries(floe.players).map(([seat, player]) => [Number(seat), player]);
}

/** How the round stands, for one of those who are there. */
export function verdict(floe: Floe, own: number | null): string {
  const { round } = floe;
  const me = own === null ? undefined : floe.players[own];
  switch (round.name) {
    case "waiting":
      return me === undefined ? "Waiting for players." : "Waiting for somebody to push off the ice. Try how you slide.";
    case "starting":
      return "Get ready: the round is about to start.";
    case "playing":
      if (me?.disc !== undefined) return "Push the others off the ice, and stay on it.";
      return `${me === undefined ? "" : "You are off. "}${onTheIce(floe)}`;
    case "over":
      return round.winner === undefined ? "Nobody is left on the ice." : won(floe, round.winner, own);
  }
}

/** What stands beside a player's name. */
export function state(floe: Floe, player: Player): string {
  const rounds = `${player.won} of ${WIN} rounds`;
  if (player.away) return `${rounds} · away`;
  return floe.round.name === "playing" && player.disc === undefined ? `${rounds} · off the ice` : rounds;
}

function onTheIce(floe: Floe): string {
  const left = players(floe).filter(([, { disc }]) => disc !== undefined);
  return `${left.map(([, { person }]) => person.name).join(", ")} on the ice.`;
}

function won(floe: Floe, winner: number, own: number | null): string {
  const player = floe.players[winner];
  const what = (player?.won ?? 0) >= WIN ? "game" : "round";
  return winner === own ? `You win the ${what}.` : `${player?.person.name ?? "Somebody who left"} wins the ${what}.`;
}
