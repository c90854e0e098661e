/** The table in view: its board, its seats, and what can be done there. */

import type { FourIn, FourView, Side, Table } from "../contract";
import { element, part, setText, showList, type Row } from "../dom";
import { COLUMNS, isTurnOf, ROWS, sideOf, SIDES, verdict, winningCells } from "../four";
import type { Game } from "../game-link";
import type { Lobby } from "../lobby";
import { avatar } from "./avatar";

export function fourView(root: HTMLElement, lobby: Lobby): () => void {
  const section = part(root, "table", HTMLElement);
  const words = part(root, "verdict", HTMLElement);
  const watching = part(root, "watching", HTMLElement);
  const seats = part(root, "seats", HTMLElement);
  const current = () => lobby.games.of("four", lobby.active?.name);
  const showBoard = boardView(part(root, "board", HTMLElement), current);
  const showActions = actionsView(root, lobby, current);
  const me = lobby.welcome.user;

  return () => {
    const game = current();
    const focused = section.contains(document.activeElement);
    section.hidden = game === null;
    if (game?.view == null) return setText(words, "");
    const { table } = game.view;
    showBoard(table, isTurnOf(table, me));
    showList(seats, SIDES, seatRow(lobby, game, table));
    setText(words, game.online ? verdict(table, me) : "Reconnecting. Your seat is kept for a while.");
    const spectators = lobby.games.entry(game)?.spectators ?? 0;
    setText(watching, spectators === 0 ? "" : `${spectators} watching`);
    showActions(game);
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
function boardView(board: HTMLElement, game: () => Game<"four"> | null): (table: Table, mine: boolean) => void {
  const columns = Array.from({ length: COLUMNS }, (_, column) => columnView(game, column));
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

function columnView(game: () => Game<"four"> | null, column: number) {
  const cells = Array.from({ length: ROWS }, () => element("span", { class: "cell" }));
  // The highest row stands first in the document.
  const button = element("button", { type: "button", class: "column" }, ...[...cells].reverse());
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") void game()?.act({ drop: column });
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

function seatRow(lobby: Lobby, game: Game<"four">, table: Table): Row<Side> {
  return {
    // A seat is drawn anew when somebody else sits there.
    key: (side) => `${side} ${table[side]?.person.id ?? game.role}`,
    make: (side) => {
      const person = table[side]?.person;
      if (person === undefined) return freeSeat(game, side);
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

function freeSeat(game: Game<"four">, side: Side): HTMLElement {
  if (game.role === "player") return element("li", { class: "seat free", "data-side": side }, "Free");
  const sit = element("button", { type: "button" }, "Sit down", element("span", { class: "unseen" }, ` as ${side}`));
  sit.addEventListener("click", () => game.become("player"));
  return element("li", { class: "seat free", "data-side": side }, sit);
}

function seatState(table: Table, side: Side, turn: boolean): string {
  const seat = table[side];
  if (seat?.away === true) return `${side} · away`;
  if (turn) return `${side} · to move`;
  return seat?.ready === true ? `${side} · ready` : side;
}

function actionsView(root: HTMLElement, lobby: Lobby, current: () => Game<"four"> | null): (game: Game<"four">) => void {
  const ready = part(root, "ready", HTMLButtonElement);
  const giveUp = part(root, "give-up", HTMLButtonElement);
  const lock = part(root, "lock", HTMLButtonElement);
  const crash = part(root, "crash", HTMLButtonElement);
  const act = (button: HTMLElement, event: (view: FourView) => FourIn) =>
    button.addEventListener("click", () => {
      const game = current();
      if (game?.view != null) void game.act(event(game.view));
    });
  const isReady = ({ table }: FourView) => {
    const side = sideOf(table, lobby.welcome.user);
    return side !== null && table[side]?.ready === true;
  };
  act(ready, (view) => ({ ready: !isReady(view) }));
  act(giveUp, () => "give_up");
  act(lock, ({ locked }) => ({ lock: !locked }));
  act(crash, () => "crash");
  return ({ view, role }) => {
    if (view === null) return;
    const seated = sideOf(view.table, lobby.welcome.user) !== null;
    const playing = view.table.phase.name === "playing";
    ready.hidden = !seated || playing;
    setText(ready, isReady(view) ? "Not ready" : view.table.phase.name === "over" ? "Play again" : "Ready");
    giveUp.hidden = !seated || !playing;
    lock.hidden = view.host?.id !== lobby.welcome.user.id;
    setText(lock, view.locked ? "Let others in" : "Let nobody in");
    crash.hidden = !view.debug || role !== "player";
  };
}
