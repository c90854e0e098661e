/** The state of the connection, and everything else that went wrong. */

import type { Link } from "../connection";
import { part, setText } from "../dom";
import type { Lobby } from "../lobby";
import { transportName } from "../words";

export function statusView(root: HTMLElement, lobby: Lobby): () => void {
  const link = part(root, "link", HTMLElement);
  const text = part(root, "link-text", HTMLElement);
  const attempt = part(root, "attempt", HTMLElement);
  const banner = part(root, "banner", HTMLElement);
  const bannerText = part(root, "banner-text", HTMLElement);
  const again = part(root, "connect-again", HTMLElement);
  const alert = part(root, "alert", HTMLElement);
  const alertText = part(root, "alert-text", HTMLElement);
  again.addEventListener("click", () => lobby.connectAgain());
  part(root, "alert-close", HTMLElement).addEventListener("click", () => lobby.dismissAlert());

  return () => {
    const state = lobby.link;
    link.dataset["state"] = state.state;
    setText(text, stateText(state));
    // Outside of the live region: a count read out every few seconds helps nobody.
    setText(attempt, detail(state, lobby.latency));
    const sentence = bannerSentence(state);
    banner.hidden = sentence === "";
    setText(bannerText, sentence);
    again.hidden = state.state !== "closed";
    alert.hidden = lobby.alert === null;
    setText(alertText, lobby.alert ?? "");
  };
}

function stateText(link: Link): string {
  switch (link.state) {
    case "connecting":
      return "Connecting…";
    case "connected":
      return "Connected";
    case "reconnecting":
      return "Reconnecting…";
    case "closed":
      return "Disconnected";
  }
}

function detail(link: Link, latency: number | null): string {
  if (link.state === "connected") {
    const transport = transportName(link.transport);
    return latency === null ? transport : `${transport} · ${latency} ms`;
  }
  if (link.state === "reconnecting" && link.attempt > 0) return `attempt ${link.attempt}`;
  return "";
}

function bannerSentence(link: Link): string {
  switch (link.state) {
    case "connecting":
    case "connected":
      return "";
    case "reconnecting":
      return "The connection is gone and is being tried again. What you write now is sent when it is back.";
    case "closed":
      return "The server ended this connection.";
  }
}
