/**
 * All tables of the lobby, and those that this tab is at as a whole.
 *
 * News may come in another order than they happened: the highest revision of a
 * table is what holds.
 */

import type { Table, TableClosed, TableEntry, TableState } from "./contract";

/** Older than everything on this connection. */
const BEFORE = -1;

export class Tables {
  private readonly listed = new Map<string, TableEntry>();
  private readonly states = new Map<string, TableState>();
  /** The revision at which a table was gone. */
  private readonly gone = new Map<string, number>();

  /** In the order of their making. */
  get entries(): TableEntry[] {
    return [...this.listed.values()].sort((a, b) => (a.room < b.room ? -1 : 1));
  }

  entry(room: string): TableEntry | null {
    return this.listed.get(room) ?? null;
  }

  table(room: string): Table | null {
    return this.states.get(room)?.table ?? null;
  }

  /** The name that people know a table by. */
  title(room: string): string | null {
    return this.table(room)?.title ?? this.entry(room)?.title ?? null;
  }

  list(entry: TableEntry): void {
    if (this.isNews(this.listed, entry)) this.listed.set(entry.room, entry);
  }

  show(state: TableState): void {
    if (this.isNews(this.states, state)) this.states.set(state.room, state);
  }

  close({ room, rev }: TableClosed): void {
    this.gone.set(room, rev);
    this.listed.delete(room);
    this.states.delete(room);
  }

  /** All tables there are, on a new connection. What was heard on it already may be newer. */
  connected(entries: readonly TableEntry[]): void {
    for (const { room, rev } of this.entries) {
      if (rev === BEFORE) this.listed.delete(room);
    }
    for (const entry of entries) this.list(entry);
  }

  /** The connection is gone. The next one may lead to another process, where revisions begin anew. */
  lost(): void {
    for (const [room, entry] of this.listed) this.listed.set(room, { ...entry, rev: BEFORE });
    for (const [room, state] of this.states) this.states.set(room, { ...state, rev: BEFORE });
    this.gone.clear();
  }

  /** This tab is not at the table any more. */
  leave(room: string): void {
    this.states.delete(room);
  }

  private isNews(known: ReadonlyMap<string, { rev: number }>, { room, rev }: { room: string; rev: number }): boolean {
    return rev > (known.get(room)?.rev ?? BEFORE) && rev > (this.gone.get(room) ?? BEFORE);
  }
}
