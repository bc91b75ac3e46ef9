import {
  Check,
  CloudOff,
  KeyRound,
  LoaderCircle,
  TriangleAlert,
  type LucideIcon,
} from "lucide-react";

import { sync } from "../../sync";
import type { SyncState } from "../../sync/types";
import { useSignal } from "../data";
import { shell } from "./shell-state";

interface Face {
  icon: LucideIcon;
  words: string;
  title: string;
  tone: string;
}

export function syncFace(state: SyncState, held: number): Face {
  switch (state.kind) {
    case "saved":
      return { icon: Check, words: "saved", tone: "good", title: "Everything is on the server." };
    case "saving":
      return {
        icon: LoaderCircle,
        words: `saving ${state.pending}`,
        tone: "muted",
        title: "Kept in this browser, on the way to the server.",
      };
    case "offline":
      return {
        icon: CloudOff,
        words: `offline, ${state.pending} kept`,
        tone: "warn",
        title: "The server is away. Your changes are kept here and sent when it is back.",
      };
    case "conflict":
      return {
        icon: TriangleAlert,
        words: held === 1 ? "1 needs a choice" : `${held} need a choice`,
        tone: "bad",
        title: "Some changes wait for your choice. Click to see them.",
      };
    case "sign-in":
      return {
        icon: KeyRound,
        words: "sign in to sync",
        tone: "warn",
        title: `Click to sign in. ${state.pending} unsent changes are kept here.`,
      };
  }
}

/** The sync state in words; opens the list of what waits for a choice. */
export function SyncBadge() {
  const journal = useSignal(sync.journal.state);
  const session = useSignal(sync.session.state);
  const pending = journal.kind === "saved" ? 0 : journal.pending;
  const state: SyncState = session.kind === "expired" ? { kind: "sign-in", pending } : journal;
  const held = useSignal(sync.journal.held);
  const { icon: Icon, words, title, tone } = syncFace(state, held.length);
  return (
    <button
      type="button"
      className={`sync-badge sync-${tone}`}
      data-testid="sync-state"
      data-state={state.kind}
      title={title}
      onClick={() =>
        state.kind === "sign-in" ? shell.signInLater.set(false) : shell.held.set(true)
      }
    >
      <Icon className={state.kind === "saving" ? "icon spin" : "icon"} aria-hidden />
      <span>{words}</span>
    </button>
  );
}
