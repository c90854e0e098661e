/**
 * The little that this page needs on top of the document.
 *
 * Text becomes text nodes and nothing else: there is no way here to turn a
 * string into markup.
 */

type Child = Node | string | null;

/** A fresh copy of the screen in the template of that id. */
export function screen(id: string): HTMLElement {
  const template = document.getElementById(id);
  if (!(template instanceof HTMLTemplateElement)) throw new Error(`no template ${id}`);
  const root = template.content.firstElementChild?.cloneNode(true);
  if (!(root instanceof HTMLElement)) throw new Error(`template ${id} is empty`);
  return root;
}

/** The part of a screen that carries this name in `data-part`. */
export function part<T extends HTMLElement>(root: HTMLElement, name: string, kind: new () => T): T {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!(found instanceof kind)) throw new Error(`no ${kind.name} called ${name}`);
  return found;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Writes only what differs, so that a live region speaks only of news. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** How a list shows one item. `make` runs once per key, `update` on every change. */
export interface Row<T> {
  key(item: T): string;
  make(item: T): HTMLElement;
  update?(row: HTMLElement, item: T, index: number): void;
}

/**
 * Makes the children of `list` show `items`, in order.
 *
 * Rows are kept by key: focus, selection and scroll position survive, and a
 * screen reader hears of new rows only.
 */
export function showList<T>(list: HTMLElement, items: readonly T[], row: Row<T>): void {
  const kept = new Map<string, HTMLElement>();
  for (const child of list.children) {
    if (child instanceof HTMLElement) kept.set(child.dataset["key"] ?? "", child);
  }
  const wanted = new Set(items.map((item) => row.key(item)));
  for (const [key, child] of kept) {
    if (!wanted.has(key)) child.remove();
  }
  for (const [index, item] of items.entries()) {
    const key = row.key(item);
    const shown = kept.get(key) ?? row.make(item);
    shown.dataset["key"] = key;
    row.update?.(shown, item, index);
    const present = list.children[index];
    if (present !== shown) list.insertBefore(shown, present ?? null);
  }
}
