/** Shows the door or the lobby, and carries people from one to the other. */

import "./style/base.css";
import "./style/entry.css";
import "./style/lobby.css";
import "./style/presence.css";
import "./style/table.css";
import "./style/floe.css";

import type { Welcome } from "./contract";
import { Lobby } from "./lobby";
import { forget, giveBack, keep, recall, recallPlaces, remember, rememberPlaces } from "./session";
import { entryScreen, type Invitation } from "./view/entry";
import { lobbyScreen } from "./view/lobby";
import { refusalSentence } from "./words";

const app = document.getElementById("app");
let seen: (() => void) | null = null;

function show(root: HTMLElement): void {
  app?.replaceChildren(root);
}

function showDoor(invitation: Invitation): void {
  seen = null;
  document.title = "Greenroom";
  const root = entryScreen(invitation, (welcome) => {
    remember(welcome);
    showLobby(welcome);
  });
  show(root);
  root.querySelector("input")?.focus();
}

function showLobby(welcome: Welcome): void {
  const lobby: Lobby = new Lobby(welcome, recallPlaces(), {
    changed: () => {
      screen.render();
      rememberPlaces(lobby.places);
    },
    renewed: keep,
    refused: (code) => goOut(refusalSentence(code)),
  });
  const goOut = (reason: string | null) => {
    lobby.close();
    forget();
    showDoor({ reason, name: welcome.user.name });
  };
  const signOut = () => {
    // The last one that the server gave: it is replaced with every refresh.
    giveBack((recall() ?? welcome).refresh);
    goOut(null);
  };
  const screen = lobbyScreen(lobby, signOut);
  seen = () => lobby.seen();
  show(screen.root);
  screen.render();
  screen.focus();
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) seen?.();
});

const welcome = recall();
if (welcome === null) showDoor({ reason: null, name: "" });
else showLobby(welcome);
