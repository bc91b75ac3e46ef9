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

export const shell = {
  palette: new Signal(false),
  keys: new Signal(false),
  held: new Signal(false),
  /** The sign-in dialog was closed for now; the sync note opens it again. */
  signInLater: new Signal(false),
  keyGroups: new Signal<readonly KeyGroup[]>([]),
};

/** A screen announces its keys while it is mounted; returns the function that takes them back. */
export function announceKeys(group: KeyGroup): () => void {
  shell.keyGroups.update((groups) => [...groups, group]);
  return () => shell.keyGroups.update((groups) => groups.filter((one) => one !== group));
}
