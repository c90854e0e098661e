/** Where a message is written. Each room keeps its own draft. */

import { part, setText } from "../dom";
import type { Lobby } from "../lobby";
import type { Room } from "../room";

export interface Composer {
  render(): void;
  /** Puts the cursor there, unless that would open a keyboard on a touch screen. */
  focus(): void;
  /** Puts text there, after what is written already. */
  add(text: string): void;
}

export function composerView(root: HTMLElement, lobby: Lobby): Composer {
  const form = part(root, "composer", HTMLFormElement);
  const input = part(root, "message", HTMLTextAreaElement);
  const label = part(root, "message-label", HTMLElement);
  let shown: Room | null = null;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    lobby.say(input.value);
    input.value = "";
    input.focus();
  });
  input.addEventListener("input", () => lobby.writing(input.value));
  input.addEventListener("keydown", (event) => {
    // While an input method composes, Enter belongs to it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });

  return {
    render() {
      if (lobby.active === shown) return;
      if (shown !== null) shown.draft = input.value;
      shown = lobby.active;
      input.value = shown?.draft ?? "";
      form.hidden = shown === null;
      setText(label, `Message to ${shown === null ? "" : lobby.title(shown.name)}`);
    },
    focus() {
      if (matchMedia("(pointer: fine)").matches) input.focus();
    },
    add(text) {
      input.value = [input.value, text].filter((some) => some !== "").join("\n");
      input.focus();
    },
  };
}
