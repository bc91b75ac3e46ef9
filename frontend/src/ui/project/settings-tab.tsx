import { useState, type FormEvent } from "react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";

import { sync } from "../../sync";
import { atLeast, type Project, type ProjectChanges } from "../../sync/api";
import { Button } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { Choice, Field } from "../kit/field";
import { ErrorNote } from "../kit/notes";
import { LabelsEditor } from "./labels-editor";

export function SettingsTab({ project }: { project: Project }) {
  return (
    <div className="settings">
      <section className="stack">
        <div className="page-head">
          <h2>Labels</h2>
        </div>
        <LabelsEditor project={project} />
      </section>
      <div className="stack settings-side">
        <ProjectForm key={project.version} project={project} />
        {atLeast(project.role, "owner") && <Danger project={project} />}
      </div>
    </div>
  );
}

type Fields = Required<Pick<Project, "name" | "description" | "self_review" | "overlap_rule">> & {
  bundle: string;
};

function fieldsOf(project: Project): Fields {
  const { name, description, self_review, overlap_rule, bundle } = project;
  return { name, description, self_review, overlap_rule, bundle: bundle ?? "" };
}

/** Only what was changed, so that another manager's change of another field stays. */
function changesOf(project: Project, fields: Fields): ProjectChanges {
  const before = fieldsOf(project);
  const changed = Object.entries(fields).filter(
    ([key, value]) => before[key as keyof Fields] !== value,
  );
  return Object.fromEntries(changed);
}

function useSaveProject({ id, version }: Project) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: ProjectChanges) => sync.server.projects.change(id, version, changes),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ["projects"] });
      return client.invalidateQueries({ queryKey: ["project", id] });
    },
  });
}

function ProjectForm({ project }: { project: Project }) {
  const [fields, setFields] = useState(() => fieldsOf(project));
  const set = (change: Partial<Fields>) => setFields((before) => ({ ...before, ...change }));
  const changes = changesOf(project, fields);
  const changed = Object.keys(changes).length > 0;
  const save = useSaveProject(project);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(changes);
  };
  return (
    <form className="stack settings-form" onSubmit={submit}>
      <div className="page-head">
        <h2>Project</h2>
      </div>
      <Field
        label="Name"
        required
        value={fields.name}
        onChange={(e) => set({ name: e.target.value })}
      />
      <Field
        label="Description"
        value={fields.description}
        onChange={(event) => set({ description: event.target.value })}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={fields.self_review}
          onChange={(event) => set({ self_review: event.target.checked })}
        />
        People may review their own work
      </label>
      <Choice
        label="Objects that overlap"
        value={fields.overlap_rule}
        options={[
          ["allowed", "may share pixels"],
          ["exclusive", "a pixel belongs to one object only"],
        ]}
        onChange={(overlap_rule) => set({ overlap_rule })}
        hint="With one object a pixel, what is new takes only what is free. Overlaps that are there already stay until somebody changes them."
      />
      <BundleChoice value={fields.bundle} onChange={(bundle) => set({ bundle })} />
      <ErrorNote error={save.error} what="The project was not changed." />
      <div className="row">
        <Button tone="primary" type="submit" busy={save.isPending} disabled={!changed}>
          Save
        </Button>
        {changed && <span className="muted">not saved yet</span>}
        <EmbedAgain project={project} />
      </div>
    </form>
  );
}

function EmbedAgain({ project }: { project: Project }) {
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => sync.server.instance.embedAgain(project.id),
    onSettled: () => client.invalidateQueries({ queryKey: ["project", project.id] }),
  });
  return (
    <>
      <Button
        busy={again.isPending}
        title="Ask for every embedding that is missing, those that failed included"
        onClick={() => again.mutate()}
      >
        {again.isSuccess ? "Embeddings asked for" : "Embed again"}
      </Button>
      <ErrorNote error={again.error} />
    </>
  );
}

interface BundleChoiceProps {
  value: string;
  onChange: (bundle: string) => void;
}

function BundleChoice({ value, onChange }: BundleChoiceProps) {
  const bundles = useQuery({
    queryKey: ["bundles"],
    queryFn: () => sync.server.projects.bundles(),
    retry: false,
  });
  const rows = bundles.data ?? [];
  if (rows.length === 0) return null;
  return (
    <Choice
      label="Model bundle"
      value={value}
      options={[
        ["", "The one that ships"] as const,
        ...rows.map((row) => [row.id, `${row.name} (${row.id.slice(0, 8)})`] as const),
      ]}
      onChange={onChange}
      hint="A change makes all embeddings again. Masks stay as they are."
    />
  );
}

/** The one thing that asks for the name to be typed. */
function Danger({ project }: { project: Project }) {
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState("");
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => sync.server.projects.remove(project.id, project.version),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["projects"] });
      navigate("/");
    },
  });
  return (
    <section className="stack stack-tight">
      <div>
        <Button tone="danger" onClick={() => setAsking(true)}>
          Delete this project…
        </Button>
      </div>
      {asking && (
        <Dialog title={`Delete ${project.name}`} onClose={() => setAsking(false)}>
          <p className="dialog-text">
            Nobody will see the project, its images and its objects any more. An administrator can
            bring it back until it is purged. Type its name to go on.
          </p>
          <Field
            label="Name of the project"
            autoFocus
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <ErrorNote error={remove.error} what="The project was not deleted." />
          <div className="dialog-foot">
            <Button tone="quiet" onClick={() => setAsking(false)}>
              Keep it
            </Button>
            <Button
              tone="danger"
              disabled={typed !== project.name}
              busy={remove.isPending}
              onClick={() => remove.mutate()}
            >
              Delete
            </Button>
          </div>
        </Dialog>
      )}
    </section>
  );
}
