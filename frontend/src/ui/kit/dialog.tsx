import { useEffect, useRef, type ReactNode } from "react";
import { X } from "lucide-react";

import { Button } from "./button";

interface DialogProps {
  title: string;
  /** Absent: the dialog cannot be left (sign in again). */
  onClose?: () => void;
  children: ReactNode;
}

/** The browser's own modal dialog: focus trap, Esc and inert background come with it. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) {
      dialog.showModal();
      // The browser would take the close button, which comes first.
      dialog.querySelector<HTMLElement>("[data-first]")?.focus();
    }
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className="dialog"
      aria-label={title}
      onCancel={(event) => {
        if (event.target !== ref.current) return;
        event.preventDefault();
        onClose?.();
      }}
      onKeyDown={(event) => event.stopPropagation()}
      onMouseDown={(event) => {
        if (event.target === ref.current) onClose?.();
      }}
    >
      <header className="dialog-head">
        <h2>{title}</h2>
        {onClose && <Button tone="quiet" icon={X} aria-label="Close (Esc)" onClick={onClose} />}
      </header>
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}

interface DialogFootProps {
  onCancel: () => void;
  busy: boolean;
  disabled: boolean;
  /** The words of the one primary button. */
  children: ReactNode;
}

/** The end of a form in a dialog: leave, or go. */
export function DialogFoot({ onCancel, busy, disabled, children }: DialogFootProps) {
  return (
    <div className="dialog-foot">
      <Button tone="quiet" onClick={onCancel}>
        Cancel
      </Button>
      <Button tone="primary" type="submit" busy={busy} disabled={disabled}>
        {children}
      </Button>
    </div>
  );
}
