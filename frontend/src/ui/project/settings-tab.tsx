import { useState, type FormEvent } from "react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";

import { sync } from "../../sync";
import { atLeast, type Project } from "../../sync/api";
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

function ProjectForm({ project }: { project: Project }) {
  const [name, setName] = useState(project.name);
  const [description, setDescription] = useState(project.description);
  const [overlap, setOverlap] = useState(project.overlap_rule ?? "allowed");
  const [selfReview, setSelfReview] = useState(project.self_review ?? false);
  const [bundle, setBundle] = useState(project.bundle ?? "");
  const bundles = useQuery({
    queryKey: ["bundles"],
    queryFn: () => sync.server.projects.bundles(),
    retry: false,
  });
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () =>
      sync.server.projects.change(project.id, project.version, {
        ...(name !== project.name ? { name: name.trim() } : {}),
        ...(description !== project.description ? { description } : {}),
        ...(overlap !== project.overlap_rule ? { overlap_rule: overlap } : {}),
        ...(selfReview !== project.self_review ? { self_review: selfReview } : {}),
        ...(bundle !== (project.bundle ?? "") ? { bundle: bundle || null } : {}),
      }),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ["projects"] });
      return client.invalidateQueries({ queryKey: ["project", project.id] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const changed =
    name !== project.name ||
    description !== project.description ||
    overlap !== (project.overlap_rule ?? "allowed") ||
    selfReview !== (project.self_review ?? false) ||
    bundle !== (project.bundle ?? "");
  const rows = bundles.data ?? [];
  return (
    <form className="stack settings-form" onSubmit={submit}>
      <div className="page-head">
        <h2>Project</h2>
      </div>
      <Field label="Name" required value={name} onChange={(e) => setName(e.target.value)} />
      <Field
        label="Description"
        value={description}
        onChange={(event) => setDescription(event.target.value)}
      />
      <Choice
        label="Overlap"
        value={overlap}
        options={[
          ["allowed", "Objects may overlap"],
          ["exclusive", "A pixel belongs to one object"],
        ]}
        onChange={setOverlap}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={selfReview}
          onChange={(event) => setSelfReview(event.target.checked)}
        />
        People may review their own work
      </label>
      {rows.length > 0 && (
        <Choice
          label="Model bundle"
          value={bundle}
          options={[
            ...(project.bundle ? [] : [["", "The default"] as const]),
            ...rows.map((row) => [row.id, `${row.name} (${row.id.slice(0, 8)})`] as const),
          ]}
          onChange={setBundle}
          hint="A change makes all embeddings again. Masks stay as they are."
        />
      )}
      <ErrorNote error={save.error} what="The project was not changed." />
      <div className="row">
        <Button tone="primary" type="submit" busy={save.isPending} disabled={!changed}>
          Save
        </Button>
        {changed && <span className="muted">not saved yet</span>}
      </div>
    </form>
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
