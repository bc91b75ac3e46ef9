import type { ReactNode } from "react";
import { CircleAlert, Info, TriangleAlert, type LucideIcon } from "lucide-react";

import { asAppError } from "../../sync/errors";
import { Button } from "./button";

const ICONS: Record<"plain" | "warn" | "error" | "good", LucideIcon> = {
  plain: Info,
  good: Info,
  warn: TriangleAlert,
  error: CircleAlert,
};

interface NoteProps {
  tone?: keyof typeof ICONS;
  children: ReactNode;
  action?: ReactNode;
}

export function Note({ tone = "plain", children, action }: NoteProps) {
  const Icon = ICONS[tone];
  return (
    <div className={`note note-${tone}`} role={tone === "error" ? "alert" : "status"}>
      <Icon className="icon" aria-hidden />
      <div className="note-text">{children}</div>
      {action}
    </div>
  );
}

interface ErrorNoteProps {
  error: unknown;
  /** What was being done: "The images could not be loaded." */
  what?: string;
  onRetry?: () => void;
}

/** What happened, in the server's sentence, and the one next step. */
export function ErrorNote({ error, what, onRetry }: ErrorNoteProps) {
  if (!error) return null;
  const { detail, code } = asAppError(error);
  if (code === "aborted") return null;
  return (
    <Note tone="error" action={onRetry && <Button onClick={onRetry}>Try again</Button>}>
      {what ? `${what} ` : ""}
      {detail}
    </Note>
  );
}

interface EmptyProps {
  icon: LucideIcon;
  children: ReactNode;
  action?: ReactNode;
}

export function Empty({ icon: Icon, children, action }: EmptyProps) {
  return (
    <div className="empty">
      <Icon aria-hidden />
      <p>{children}</p>
      {action}
    </div>
  );
}
