/** The screen of the lobby: puts its parts together and draws them when something changed. */

import { part, screen, setText } from "../dom";
import { isTurnOf } from "../four";
import type { Lobby } from "../lobby";
import { composerView } from "./composer";
import { floeView } from "./floe";
import { fourView } from "./four";
import { gamesView } from "./games";
import { logView } from "./log";
import { panelsView } from "./panels";
import { peopleView } from "./people";
import { roomsView } from "./rooms";
import { statusView } from "./status";

export interface LobbyScreen {
  readonly root: HTMLElement;
  render(): void;
  /** Puts the cursor where one writes. */
  focus(): void;
}

export function lobbyScreen(lobby: Lobby, signOut: () => void): LobbyScreen {
  const root = screen("lobby-screen");
  setText(part(root, "self-name", HTMLElement), lobby.welcome.user.name);
  part(root, "sign-out", HTMLElement).addEventListener("click", signOut);

  const composer = composerView(root, lobby);
  const closePanels = panelsView(root);
  const chosen = () => {
    closePanels();
    // After the change is drawn, and with it the room's own draft.
    queueMicrotask(() => composer.focus());
  };
  const views = [
    statusView(root, lobby),
    roomsView(root, lobby, chosen),
    gamesView(root, lobby, closePanels),
    peopleView(root, lobby),
    fourView(root, lobby),
    floeView(root, lobby),
    logView(root, lobby, (room, id) => composer.add(lobby.takeBack(room, id))),
    roomHead(root, lobby, () => {
      closePanels();
      composer.focus();
    }),
    composer.render,
  ];
  return {
    root,
    render: () => {
      for (const view of views) view();
    },
    focus: composer.focus,
  };
}

/** The title of the room in view and the button that leaves it. */
function roomHead(root: HTMLElement, lobby: Lobby, left: () => void): () => void {
  const title = part(root, "title", HTMLElement);
  const log = part(root, "log", HTMLElement);
  const leave = part(root, "leave", HTMLButtonElement);
  leave.addEventListener("click", () => {
    if (lobby.active !== null) lobby.leave(lobby.active);
    left();
    // With the last room both this button and the composer go; the focus must not.
    if (lobby.active === null) log.focus();
  });
  return () => {
    const room = lobby.active;
    const name = room === null ? null : lobby.title(room.name);
    setText(title, name ?? "No room");
    leave.hidden = room === null;
    setText(leave, `Leave ${name ?? ""}`);
    document.title = pageTitle(lobby);
  };
}

function pageTitle(lobby: Lobby): string {
  const unread = [...lobby.rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  const place = lobby.active === null ? "Greenroom" : `${lobby.title(lobby.active.name)} · Greenroom`;
  const turn = [...lobby.rooms.keys()].some((room) => isTurnOf(lobby.games.of("four", room)?.view?.table, lobby.welcome.user));
  return `${turn ? "Your turn · " : ""}${unread === 0 ? "" : `(${unread}) `}${place}`;
}
