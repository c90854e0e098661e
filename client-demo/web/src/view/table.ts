/** The table in view: its board, its seats, and what can be done there. */

import type { Side, Table } from "../contract";
import { element, part, setText, showList, type Row } from "../dom";
import { COLUMNS, isTurnOf, ROWS, sideOf, SIDES, verdict, winningCells } from "../game";
import type { Lobby } from "../lobby";
import { avatar } from "./avatar";

export function tableView(root: HTMLElement, lobby: Lobby): () => void {
  const section = part(root, "table", HTMLElement);
  const words = part(root, "verdict", HTMLElement);
  const watching = part(root, "watching", HTMLElement);
  const seats = part(root, "seats", HTMLElement);
  const showBoard = boardView(part(root, "board", HTMLElement), lobby);
  const showActions = actionsView(root, lobby);
  const me = lobby.welcome.user;

  return () => {
    const table = lobby.active === null ? null : lobby.tables.table(lobby.active.name);
    const focused = section.contains(document.activeElement);
    section.hidden = table === null;
    if (table === null) return setText(words, "");
    showBoard(table, isTurnOf(table, me));
    showList(seats, SIDES, seatRow(lobby, table));
    setText(words, verdict(table, me));
    setText(watching, table.watching.length === 0 ? "" : `${table.watching.length} watching`);
    showActions(table);
    if (focused) keepFocus(section);
  };
}

/** What was pressed may be gone, as “Ready” is when the game begins: the next thing to press has the focus then. */
function keepFocus(section: HTMLElement): void {
  const focused = document.activeElement;
  if (focused !== null && section.contains(focused) && focused.checkVisibility()) return;
  const next = section.querySelector<HTMLElement>(".mine .column, .moves button:not([hidden]), .column");
  next?.focus();
}

/** Seven columns, each a button from top to bottom. */
function boardView(board: HTMLElement, lobby: Lobby): (table: Table, mine: boolean) => void {
  const columns = Array.from({ length: COLUMNS }, (_, column) => columnView(lobby, column));
  board.append(...columns.map(({ button }) => button));
  board.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const at = columns.findIndex(({ button }) => button === document.activeElement);
    if (step === 0 || at === -1) return;
    event.preventDefault();
    columns[(at + step + COLUMNS) % COLUMNS]?.button.focus();
  });
  return (table, mine) => {
    board.classList.toggle("mine", mine);
    board.dataset["turn"] = table.phase.name === "playing" ? table.phase.turn : "";
    for (const { show } of columns) show(table, mine);
  };
}

function columnView(lobby: Lobby, column: number) {
  const cells = Array.from({ length: ROWS }, () => element("span", { class: "cell" }));
  // The highest row stands first in the document.
  const button = element("button", { type: "button", class: "column" }, ...[...cells].reverse());
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") void lobby.act({ do: "drop", column });
  });
  const show = (table: Table, mine: boolean) => {
    const discs = table.board[column] ?? [];
    const won = winningCells(table);
    // Not `disabled`: that would take the focus away whenever the turn changes.
    button.setAttribute("aria-disabled", String(!mine || discs.length >= ROWS));
    button.setAttribute("aria-label", columnLabel(column, discs));
    for (const [row, cell] of cells.entries()) {
      cell.dataset["disc"] = discs[row] ?? "";
      cell.classList.toggle("last", table.last === column && row === discs.length - 1);
      cell.classList.toggle("won", won.some((one) => one.column === column && one.row === row));
    }
  };
  return { button, show };
}

function columnLabel(column: number, discs: readonly Side[]): string {
  const held = discs.length === 0 ? "empty" : `from below: ${discs.join(", ")}`;
  return `Column ${column + 1}, ${held}`;
}

function seatRow(lobby: Lobby, table: Table): Row<Side> {
  return {
    // A seat is drawn anew when somebody else sits there.
    key: (side) => `${side} ${table[side]?.person.id ?? ""}`,
    make: (side) => {
      const person = table[side]?.person;
      if (person === undefined) return freeSeat(lobby, side);
      return element(
        "li",
        { class: "seat", "data-side": side },
        avatar(person),
        element(
          "span",
          { class: "person-name" },
          person.name,
          person.id === lobby.welcome.user.id ? " (you)" : null,
          element("span", { class: "aside" }),
        ),
      );
    },
    update: (row, side) => {
      const turn = table.phase.name === "playing" && table.phase.turn === side;
      row.classList.toggle("turn", turn);
      const aside = row.querySelector(".aside");
      if (aside !== null) setText(aside, seatState(table, side, turn));
    },
  };
}

function freeSeat(lobby: Lobby, side: Side): HTMLElement {
  const sit = element("button", { type: "button" }, "Sit down", element("span", { class: "unseen" }, ` as ${side}`));
  sit.addEventListener("click", () => void lobby.act({ do: "sit", side }));
  return element("li", { class: "seat free", "data-side": side }, sit);
}

function seatState(table: Table, side: Side, turn: boolean): string {
  const seat = table[side];
  if (seat?.away === true) return `${side} · away`;
  if (turn) return `${side} · to move`;
  return seat?.ready === true ? `${side} · ready` : side;
}

function actionsView(root: HTMLElement, lobby: Lobby): (table: Table) => void {
  const ready = part(root, "ready", HTMLButtonElement);
  const stand = part(root, "stand", HTMLButtonElement);
  let isReady = false;
  ready.addEventListener("click", () => void lobby.act({ do: "ready", ready: !isReady }));
  stand.addEventListener("click", () => void lobby.act({ do: "stand" }));
  return (table) => {
    const side = sideOf(table, lobby.welcome.user);
    const playing = table.phase.name === "playing";
    isReady = side !== null && table[side]?.ready === true;
    ready.hidden = side === null || playing;
    setText(ready, isReady ? "Not ready" : table.phase.name === "over" ? "Play again" : "Ready");
    stand.hidden = side === null;
    setText(stand, playing ? "Give up" : "Stand up");
  };
}
