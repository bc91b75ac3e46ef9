/** What the shell shows over the page, and the keys other screens announce for the `?` sheet. */
import { Signal } from "../../document/signal";

export interface KeyRow {
  keys: string;
  what: string;
}

export interface KeyGroup {
  title: string;
  rows: readonly KeyRow[];
}

/** Something the page that is open can do, for the palette. */
export interface Command {
  name: string;
  /** Its key, in words. */
  keys: string;
  run(): void;
}

export const shell = {
  palette: new Signal(false),
  keys: new Signal(false),
  held: new Signal(false),
  /** The sign-in dialog was closed for now; the sync note opens it again. */
  signInLater: new Signal(false),
  commands: new Signal<readonly Command[]>([]),
  keyGroups: new Signal<readonly KeyGroup[]>([]),
};

/** A screen announces its keys while it is mounted; returns the function that takes them back. */
export function announceKeys(group: KeyGroup): () => void {
  shell.keyGroups.update((groups) => [...groups, group]);
  return () => shell.keyGroups.update((groups) => groups.filter((one) => one !== group));
}

/** The same for what it can do. */
export function announceCommands(commands: readonly Command[]): () => void {
  shell.commands.set(commands);
  return () => shell.commands.set([]);
}
