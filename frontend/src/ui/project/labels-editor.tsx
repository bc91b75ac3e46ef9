import { useState, type FormEvent } from "react";
import { ListChecks, Plus, Sparkles, Trash2, Undo2 } from "lucide-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import type { Attribute } from "../../document/attributes";
import type { PostRules } from "../../masks/post";
import { sync } from "../../sync";
import { asAppError, type Label, type LabelFields, type Project } from "../../sync/api";
import { useLabels } from "../data";
import { Button } from "../kit/button";
import { ErrorNote } from "../kit/notes";
import { LabelAttributes } from "./label-attributes";
import { LabelTidying } from "./label-tidying";

/** Each change is saved as it is made; a label that goes can be brought back at once. */
export function LabelsEditor({ project }: { project: Project }) {
  const query = useLabels(project.id);
  const labels = (query.data ?? []).filter((label) => !label.deleted);
  const [gone, setGone] = useState<Label | null>(null);
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ["project", project.id] });
  const add = useMutation({
    mutationFn: (fields: LabelFields) => sync.server.projects.createLabel(project.id, fields),
    onSettled: refresh,
  });
  const bringBack = (label: Label) => {
    setGone(null);
    const { name, colour, kind, hotkey, attribute_schema = {}, post_rules = {} } = label;
    add.mutate({ name, colour, kind, hotkey, attribute_schema, post_rules });
  };
  return (
    <div className="stack stack-tight">
      <ErrorNote error={query.error} what="The labels could not be loaded." />
      {labels.length > 0 && (
        <table className="table labels-table">
          <thead>
            <tr>
              <th>Colour</th>
              <th>Name</th>
              <th>Key</th>
              <th>Kind</th>
              <th>Attributes</th>
              <th>Tidying</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {labels.map((label) => (
              <LabelRow
                key={`${label.id}-${label.version}`}
                label={label}
                onChanged={refresh}
                onGone={() => setGone(label)}
              />
            ))}
          </tbody>
        </table>
      )}
      {gone && (
        <div className="row">
          <span className="muted">{gone.name} is deleted; objects with it keep it.</span>
          <Button icon={Undo2} onClick={() => bringBack(gone)}>
            Undo
          </Button>
        </div>
      )}
      <AddLabel busy={add.isPending} onAdd={(name) => add.mutateAsync({ name })} />
      <ErrorNote error={add.error} what="The label was not added." />
    </div>
  );
}

function AddLabel({ busy, onAdd }: { busy: boolean; onAdd: (name: string) => Promise<unknown> }) {
  const [name, setName] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onAdd(name.trim()).then(
      () => setName(""),
      () => undefined,
    );
  };
  return (
    <form className="row" onSubmit={submit}>
      <input
        className="input"
        placeholder="New label"
        aria-label="New label"
        maxLength={100}
        value={name}
        data-testid="new-label"
        onChange={(event) => setName(event.target.value)}
      />
      <Button icon={Plus} type="submit" busy={busy} disabled={!name.trim()}>
        Add
      </Button>
    </form>
  );
}

interface LabelRowProps {
  label: Label;
  onChanged: () => unknown;
  onGone: () => void;
}

function useLabelChanges({ label, onChanged, onGone }: LabelRowProps) {
  const save = useMutation({
    mutationFn: (fields: LabelFields) => sync.server.projects.changeLabel(label, fields),
    onSettled: onChanged,
  });
  const remove = useMutation({
    mutationFn: () => sync.server.projects.removeLabel(label),
    onSuccess: onGone,
    onSettled: onChanged,
  });
  return { save, remove };
}

function LabelRow(props: LabelRowProps) {
  const { label } = props;
  const { save, remove } = useLabelChanges(props);
  const error = save.error ?? remove.error;
  return (
    <tr data-testid="label-row">
      <td>
        <ColourField label={label} onSave={(colour) => save.mutate({ colour })} />
      </td>
      <td>
        <NameField label={label} onSave={(name) => save.mutate({ name })} />
        {error && <div className="field-error">{asAppError(error).detail}</div>}
      </td>
      <td>
        <input
          className="input label-key"
          aria-label={`Key of ${label.name}`}
          maxLength={1}
          defaultValue={label.hotkey}
          onBlur={(event) => {
            const key = event.target.value.trim();
            if (key !== label.hotkey) save.mutate({ hotkey: key });
          }}
        />
      </td>
      <td>
        <select
          className="input"
          aria-label={`Kind of ${label.name}`}
          value={label.kind}
          onChange={(event) => save.mutate({ kind: event.target.value as Label["kind"] })}
        >
          <option value="thing">things, one by one</option>
          <option value="stuff">stuff, as a whole</option>
        </select>
      </td>
      <td>
        <AttributesButton
          label={label}
          onSave={(attributes) => save.mutateAsync({ attribute_schema: { attributes } })}
        />
      </td>
      <td>
        <TidyingButton label={label} onSave={(post_rules) => save.mutateAsync({ post_rules })} />
      </td>
      <td className="num">
        <Button
          tone="quiet"
          icon={Trash2}
          busy={remove.isPending}
          title="Delete the label; objects with it keep it"
          aria-label={`Delete the label ${label.name}`}
          onClick={() => remove.mutate()}
        />
      </td>
    </tr>
  );
}

interface AttributesButtonProps {
  label: Label;
  onSave: (attributes: Attribute[]) => Promise<unknown>;
}

function AttributesButton({ label, onSave }: AttributesButtonProps) {
  const [open, setOpen] = useState(false);
  const count = label.attribute_schema?.attributes?.length ?? 0;
  return (
    <>
      <Button
        tone="quiet"
        icon={ListChecks}
        title={`What is asked about each ${label.name}`}
        aria-label={`Attributes of ${label.name}`}
        onClick={() => setOpen(true)}
      >
        {count || "none"}
      </Button>
      {open && <LabelAttributes label={label} onSave={onSave} onClose={() => setOpen(false)} />}
    </>
  );
}

interface TidyingButtonProps {
  label: Label;
  onSave: (rules: PostRules) => Promise<unknown>;
}

function TidyingButton({ label, onSave }: TidyingButtonProps) {
  const [open, setOpen] = useState(false);
  const count = Object.values(label.post_rules ?? {}).filter(Boolean).length;
  return (
    <>
      <Button
        tone="quiet"
        icon={Sparkles}
        title={`How masks of ${label.name} are tidied`}
        aria-label={`Tidying of ${label.name}`}
        onClick={() => setOpen(true)}
      >
        {count || "none"}
      </Button>
      {open && <LabelTidying label={label} onSave={onSave} onClose={() => setOpen(false)} />}
    </>
  );
}

interface FieldProps {
  label: Label;
  onSave: (value: string) => void;
}

/** Saved when the colour dialog is left, not at each hue on the way. */
function ColourField({ label, onSave }: FieldProps) {
  const [colour, setColour] = useState(label.colour);
  return (
    <input
      type="color"
      className="colour"
      aria-label={`Colour of ${label.name}`}
      value={colour}
      onChange={(event) => setColour(event.target.value)}
      onBlur={() => colour !== label.colour && onSave(colour)}
    />
  );
}

function NameField({ label, onSave }: FieldProps) {
  const [name, setName] = useState(label.name);
  const save = () => {
    const wanted = name.trim();
    if (wanted && wanted !== label.name) onSave(wanted);
    else setName(label.name);
  };
  return (
    <input
      className="input label-name"
      aria-label="Name"
      maxLength={100}
      value={name}
      onChange={(event) => setName(event.target.value)}
      onBlur={save}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
    />
  );
}
