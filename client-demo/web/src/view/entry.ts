/** The door: a name, and what went wrong with the last one. */

import { element, part, screen, setText } from "../dom";
import type { Welcome } from "../contract";
import { logIn } from "../session";

export interface Invitation {
  /** Why somebody stands at the door again, or nothing for a first visit. */
  readonly reason: string | null;
  readonly name: string;
}

/** The screen; `welcomed` runs once, when the server has given a token. */
export function entryScreen(invitation: Invitation, welcomed: (welcome: Welcome) => void): HTMLElement {
  const root = screen("entry-screen");
  const input = part(root, "name", HTMLInputElement);
  const problem = part(root, "problem", HTMLElement);
  const submit = part(root, "submit", HTMLButtonElement);

  input.value = invitation.name;
  explain(part(root, "reason", HTMLElement), invitation.reason);
  input.addEventListener("input", () => complain(input, problem, null));
  part(root, "form", HTMLFormElement).addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.getAttribute("aria-disabled") === "true") return;
    busy(submit, true);
    const login = await logIn(input.value);
    busy(submit, false);
    if ("welcome" in login) return welcomed(login.welcome);
    complain(input, problem, login.problem);
    input.focus();
  });
  return root;
}

function explain(callout: HTMLElement, reason: string | null): void {
  callout.hidden = reason === null;
  if (reason !== null) callout.append(element("span", {}, reason));
}

/** Not `disabled`: that would take the focus away from the button. */
function busy(submit: HTMLButtonElement, on: boolean): void {
  submit.setAttribute("aria-disabled", String(on));
  setText(submit, on ? "Coming in…" : "Come in");
}

function complain(input: HTMLInputElement, problem: HTMLElement, sentence: string | null): void {
  setText(problem, sentence ?? "");
  if (sentence === null) input.removeAttribute("aria-invalid");
  else input.setAttribute("aria-invalid", "true");
}
