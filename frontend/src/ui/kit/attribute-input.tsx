/** One input for the value of an attribute, by its type. Numbers and texts are saved when left. */
import { useState } from "react";

import { problemOf, type Attribute, type AttributeValue } from "../../document/attributes";

interface AttributeInputProps {
  attribute: Attribute;
  value: unknown;
  disabled?: boolean;
  /** Its name where no label stands beside it. */
  label?: string;
  onSave(value: AttributeValue | null): void;
}

export function AttributeInput(props: AttributeInputProps) {
  const { type } = props.attribute;
  if (type === "choice") return <ChoiceInput {...props} />;
  if (type === "boolean") return <BooleanInput {...props} />;
  // A value that came from elsewhere starts the field anew.
  return <WrittenInput key={String(props.value ?? "")} {...props} />;
}

function ChoiceInput({ attribute, value, disabled, label, onSave }: AttributeInputProps) {
  const options = attribute.options ?? [];
  const old = typeof value === "string" && value && !options.includes(value) ? value : null;
  return (
    <select
      className="input"
      aria-label={label}
      disabled={disabled}
      value={typeof value === "string" ? value : ""}
      onChange={(event) => onSave(event.target.value || null)}
    >
      <option value="">–</option>
      {old && <option value={old}>{old} (no longer a choice)</option>}
      {options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  );
}

function BooleanInput({ value, disabled, label, onSave }: AttributeInputProps) {
  return (
    <select
      className="input"
      aria-label={label}
      disabled={disabled}
      value={typeof value === "boolean" ? String(value) : ""}
      onChange={(event) => onSave(event.target.value ? event.target.value === "true" : null)}
    >
      <option value="">–</option>
      <option value="true">yes</option>
      <option value="false">no</option>
    </select>
  );
}

function WrittenInput({ attribute, value, disabled, label, onSave }: AttributeInputProps) {
  const stored = value === undefined || value === null ? "" : String(value);
  const [text, setText] = useState(stored);
  const number = attribute.type === "number";
  const parsed = text.trim() === "" ? null : number ? Number(text) : text;
  const problem = text === stored ? null : problemOf(attribute, parsed);
  const save = () => {
    if (text !== stored && !problem) onSave(parsed);
  };
  return (
    <span className="attribute-written">
      <input
        className="input"
        type={number ? "number" : "text"}
        aria-label={label}
        aria-invalid={problem ? true : undefined}
        disabled={disabled}
        min={attribute.min}
        max={attribute.max}
        step={number ? (attribute.step ?? "any") : undefined}
        maxLength={number ? undefined : attribute.max_length}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
          if (event.key === "Escape") setText(stored);
        }}
      />
      {problem && <span className="field-error">It {problem}</span>}
    </span>
  );
}
