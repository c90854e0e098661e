/** What can be said about a table, and by whom. No network, no document. */

import type { Cell, Person, Seat, Side, Table } from "./contract";

export const COLUMNS = 7;
export const ROWS = 6;

export const SIDES: readonly Side[] = ["red", "yellow"];

/** Where somebody sits. */
export function sideOf(table: Table, person: Person): Side | null {
  return SIDES.find((side) => table[side]?.person.id === person.id) ?? null;
}

export function isTurnOf(table: Table | undefined, person: Person): boolean {
  if (table?.phase.name !== "playing") return false;
  return table[table.phase.turn]?.person.id === person.id;
}

/** The cells that won. */
export function winningCells(table: Table): readonly Cell[] {
  const { phase } = table;
  return phase.name === "over" && phase.outcome.name === "four" ? phase.outcome.cells : [];
}

/** How the game stands, for one of those who are there. */
export function verdict(table: Table, me: Person): string {
  const { phase } = table;
  const mine = sideOf(table, me);
  if (phase.name === "playing") return `${lastMove(table, mine, phase.turn)}${turnSentence(table, mine, phase.turn)}`;
  const before = phase.name === "over" ? `${outcomeSentence(table, mine)} ` : "";
  return `${before}${invitation(table, mine)}`.trim();
}

function lastMove(table: Table, mine: Side | null, turn: Side): string {
  const mover = other(turn);
  if (table.last === undefined || mover === mine) return "";
  return `${nameOf(table[mover])} played column ${table.last + 1}. `;
}

function turnSentence(table: Table, mine: Side | null, turn: Side): string {
  if (turn === mine) return "Your turn.";
  const seat = table[turn];
  return seat?.away === true ? `${nameOf(seat)} is away; the seat is kept for a while.` : `${nameOf(seat)} is to move.`;
}

function outcomeSentence(table: Table, mine: Side | null): string {
  const { phase } = table;
  if (phase.name !== "over") return "";
  const { outcome } = phase;
  if (outcome.name === "drawn") return "The board is full: a draw.";
  const winner = outcome.winner === mine ? "You win" : `${nameOf(table[outcome.winner])} wins`;
  return outcome.name === "four" ? `${winner} with four in a row.` : `${winner}: the other side gave up.`;
}

/** What has to happen before the next game. */
function invitation(table: Table, mine: Side | null): string {
  if (mine === null) {
    return SIDES.some((side) => table[side] === undefined) ? "A seat is free." : "";
  }
  const [own, opponent] = [table[mine], table[other(mine)]];
  if (opponent === undefined) return "Waiting for somebody to sit down.";
  if (own?.ready === true) return `Waiting for ${nameOf(opponent)}.`;
  if (opponent.ready) return `${nameOf(opponent)} is ready.`;
  return table.phase.name === "over" ? "" : "Ready? The game begins when both are.";
}

export function other(side: Side): Side {
  return side === "red" ? "yellow" : "red";
}

function nameOf(seat: Seat | undefined): string {
  return seat?.person.name ?? "Nobody";
}
