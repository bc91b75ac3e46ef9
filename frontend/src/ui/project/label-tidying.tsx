/** How masks of a label are tidied when they are made. */
import { useState, type FormEvent } from "react";

import type { PostRules } from "../../masks/post";
import { asAppError, type Label } from "../../sync/api";
import { Dialog, DialogFoot } from "../kit/dialog";
import { Field } from "../kit/field";

interface LabelTidyingProps {
  label: Label;
  onSave(rules: PostRules): Promise<unknown>;
  onClose(): void;
}

export function LabelTidying({ label, onSave, onClose }: LabelTidyingProps) {
  const [rules, setRules] = useState<PostRules>(() => label.post_rules ?? {});
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const set = (change: PostRules) => setRules((before) => ({ ...before, ...change }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const wanted = Object.entries(rules).filter(([, value]) => Boolean(value));
    onSave(Object.fromEntries(wanted)).then(onClose, (error: unknown) => {
      setBusy(false);
      setRefused(asAppError(error).detail);
    });
  };
  return (
    <Dialog title={`Tidying of ${label.name}`} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <p className="dialog-text">
          Done to every new mask of this label, and to be undone for each object by itself. Masks
          that are there already stay as they are.
        </p>
        <label className="check">
          <input
            type="checkbox"
            checked={Boolean(rules.fill_holes)}
            onChange={(event) => set({ fill_holes: event.target.checked })}
          />
          Fill holes
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={Boolean(rules.largest_part)}
            onChange={(event) => set({ largest_part: event.target.checked })}
          />
          Keep the largest part only
        </label>
        <Field
          label="Remove parts smaller than (pixels)"
          type="number"
          min={0}
          max={1_000_000}
          value={rules.min_area ?? 0}
          onChange={(event) => set({ min_area: Math.round(Number(event.target.value)) })}
        />
        <Field
          label="Smooth the edges over (pixels)"
          type="number"
          min={0}
          max={50}
          value={Number(rules.smooth ?? 0)}
          onChange={(event) => set({ smooth: Number(event.target.value) })}
        />
        {refused && (
          <p className="field-error" role="alert">
            {refused}
          </p>
        )}
        <DialogFoot onCancel={onClose} busy={busy} disabled={false}>
          Save
        </DialogFoot>
      </form>
    </Dialog>
  );
}
