/** What a label asks about its objects: a list of attributes, edited in a dialog. */
import "./label-attributes.css";
import { useState, type FormEvent } from "react";
import { ArrowUp, Plus, Trash2 } from "lucide-react";

import {
  LONGEST_TEXT,
  problemOf,
  type Attribute,
  type AttributeType,
} from "../../document/attributes";
import { asAppError, type Label } from "../../sync/api";
import { AttributeInput } from "../kit/attribute-input";
import { Button } from "../kit/button";
import { Dialog, DialogFoot } from "../kit/dialog";

const TYPES: readonly (readonly [AttributeType, string])[] = [
  ["choice", "one of a list"],
  ["number", "a number"],
  ["text", "a text"],
  ["boolean", "yes or no"],
];

interface LabelAttributesProps {
  label: Label;
  onSave(attributes: Attribute[]): Promise<unknown>;
  onClose(): void;
}

export function LabelAttributes({ label, onSave, onClose }: LabelAttributesProps) {
  const [rows, setRows] = useState<Attribute[]>(() => label.attribute_schema?.attributes ?? []);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const problem = problemIn(rows);
  const change = (at: number, row: Attribute) => setRows(rows.with(at, row));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    onSave(rows).then(onClose, (error: unknown) => {
      setBusy(false);
      setRefused(asAppError(error).detail);
    });
  };
  return (
    <Dialog title={`Attributes of ${label.name}`} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <p className="dialog-text">
          What people say about each object besides its outline. Values that a change here leaves
          behind stay with their objects.
        </p>
        {rows.map((row, at) => (
          <AttributeFields
            key={at}
            row={row}
            at={at}
            onChange={(next) => change(at, next)}
            onRemove={() => setRows(rows.toSpliced(at, 1))}
            onUp={() => setRows(rows.with(at - 1, row).with(at, rows[at - 1]!))}
          />
        ))}
        <div className="row">
          <Button
            icon={Plus}
            data-testid="add-attribute"
            onClick={() => setRows([...rows, { name: "", type: "choice", options: [] }])}
          >
            Add an attribute
          </Button>
        </div>
        {(refused ?? problem) && (
          <p className="field-error" role="alert">
            {refused ?? problem}
          </p>
        )}
        <DialogFoot onCancel={onClose} busy={busy} disabled={problem !== null}>
          Save
        </DialogFoot>
      </form>
    </Dialog>
  );
}

interface FieldsProps {
  row: Attribute;
  at: number;
  onChange(row: Attribute): void;
  onRemove(): void;
  onUp(): void;
}

function AttributeFields({ row, at, onChange, onRemove, onUp }: FieldsProps) {
  const called = row.name || `attribute ${at + 1}`;
  const set = (fields: Partial<Attribute>) => onChange(clean({ ...row, ...fields }));
  return (
    <fieldset className="attribute-fields" data-testid="attribute-fields">
      <div className="row">
        <input
          className="input grow"
          placeholder="Name"
          aria-label={`Name of ${called}`}
          maxLength={60}
          value={row.name}
          onChange={(event) => onChange({ ...row, name: event.target.value })}
        />
        <select
          className="input"
          aria-label={`Type of ${called}`}
          value={row.type}
          onChange={(event) => {
            const type = event.target.value as AttributeType;
            const options = type === "choice" ? { options: row.options ?? [] } : {};
            onChange({ name: row.name, type, required: row.required ?? false, ...options });
          }}
        >
          {TYPES.map(([type, words]) => (
            <option key={type} value={type}>
              {words}
            </option>
          ))}
        </select>
        <label className="row">
          <input
            type="checkbox"
            checked={row.required ?? false}
            onChange={(event) => set({ required: event.target.checked })}
          />
          required
        </label>
        <Button
          tone="quiet"
          icon={ArrowUp}
          aria-label={`Move ${called} up`}
          title="Move up"
          disabled={at === 0}
          onClick={onUp}
        />
        <Button
          tone="quiet"
          icon={Trash2}
          aria-label={`Remove ${called}`}
          title="Remove; objects keep what was said"
          onClick={onRemove}
        />
      </div>
      <div className="row">
        <TypeFields row={row} called={called} set={set} />
        <label className="row">
          <span className="muted">at first</span>
          <AttributeInput
            attribute={row}
            value={row.default}
            label={`What ${called} is at first`}
            onSave={(value) => onChange(clean({ ...row, default: value ?? undefined }))}
          />
        </label>
      </div>
    </fieldset>
  );
}

const FIELD_WORDS = { min: "least", max: "most", step: "step", max_length: "longest" } as const;

interface TypeFieldsProps {
  row: Attribute;
  called: string;
  set(fields: Partial<Attribute>): void;
}

function TypeFields({ row, called, set }: TypeFieldsProps) {
  const [options, setOptions] = useState((row.options ?? []).join(", "));
  if (row.type === "choice") {
    return (
      <input
        className="input grow"
        placeholder="Choices, with commas between them"
        aria-label={`Choices of ${called}`}
        value={options}
        onChange={(event) => {
          setOptions(event.target.value);
          set({ options: splitOptions(event.target.value) });
        }}
      />
    );
  }
  const numbers =
    row.type === "number"
      ? (["min", "max", "step"] as const)
      : row.type === "text"
        ? (["max_length"] as const)
        : [];
  return numbers.map((field) => (
    <label className="row" key={field}>
      <span className="muted">{FIELD_WORDS[field]}</span>
      <input
        className="input"
        type="number"
        step="any"
        aria-label={`${FIELD_WORDS[field]} of ${called}`}
        value={row[field] ?? ""}
        onChange={(event) =>
          set({ [field]: event.target.value === "" ? undefined : Number(event.target.value) })
        }
      />
    </label>
  ));
}

export function splitOptions(text: string): string[] {
  const parts = text.split(",").map((part) => part.trim());
  return [...new Set(parts.filter(Boolean))];
}

function clean(row: Partial<Attribute>): Attribute {
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== undefined),
  ) as unknown as Attribute;
}

/** The first thing that keeps the list from being saved, in words. */
export function problemIn(rows: readonly Attribute[]): string | null {
  const names = rows.map((row) => row.name.trim());
  for (const [at, row] of rows.entries()) {
    const name = names[at]!;
    if (!name) return `Attribute ${at + 1} needs a name.`;
    if (names.indexOf(name) !== at) return `“${name}” is there twice.`;
    if (row.type === "choice" && !row.options?.length) return `“${name}” needs choices.`;
    if (row.min !== undefined && row.max !== undefined && row.min > row.max) {
      return `“${name}”: the least is above the most.`;
    }
    if (row.step !== undefined && row.step <= 0) return `“${name}”: the step must be above 0.`;
    const longest = row.max_length ?? 1;
    if (!Number.isInteger(longest) || longest < 1 || longest > LONGEST_TEXT) {
      return `“${name}”: the longest text has 1 to ${LONGEST_TEXT} characters.`;
    }
    const wrong = problemOf(row, row.default);
    if (wrong) return `“${name}”: what it is at first ${wrong}`;
  }
  return null;
}
