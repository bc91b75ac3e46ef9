/** The selected object's attributes, as its label asks for them. */
import { setAttribute } from "../../actions/attributes";
import { attributesOf, leftBehind, problemOf, type Attribute } from "../../document/attributes";
import type { AnnotationRecord } from "../../document/records";
import { useSignal } from "../data";
import { AttributeInput } from "../kit/attribute-input";
import { useEditor } from "./context";

export function AttributePanel({ annotation }: { annotation: AnnotationRecord }) {
  const editor = useEditor();
  const label = useSignal(editor.state.labels).find((one) => one.id === annotation.label);
  const asked = attributesOf(label);
  const old = leftBehind(label, annotation.attributes);
  if (asked.length + old.length === 0) return null;
  const locked = editor.locked() !== null;
  return (
    <div className="attributes">
      {asked.map((attribute) => (
        <AttributeRow
          key={attribute.name}
          attribute={attribute}
          value={annotation.attributes[attribute.name]}
          disabled={locked}
          onSave={(value) => setAttribute(editor, annotation.id, attribute.name, value)}
        />
      ))}
      {old.map(([name, value]) => (
        <div className="attribute-row" key={name}>
          <span className="clip muted">{name}</span>
          <span className="attribute-old" title="The label does not ask for this (any more). Kept.">
            {value}
          </span>
        </div>
      ))}
    </div>
  );
}

interface RowProps {
  attribute: Attribute;
  value: unknown;
  disabled: boolean;
  onSave(value: string | number | boolean | null): void;
}

function AttributeRow({ attribute, value, disabled, onSave }: RowProps) {
  const problem = problemOf(attribute, value);
  const missing = attribute.required && (value === undefined || value === null || value === "");
  return (
    <label className="attribute-row" data-missing={missing} data-testid="attribute-row">
      <span className="clip" title={attribute.name}>
        {attribute.name}
        {attribute.required && <span aria-hidden> *</span>}
      </span>
      <AttributeInput attribute={attribute} value={value} disabled={disabled} onSave={onSave} />
      {problem && (
        <span className="field-error">{`“${String(value)}” is kept; now it ${problem}`}</span>
      )}
    </label>
  );
}
