import { useState, type FormEvent } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";

import { sync } from "../../sync";
import type { UploadFile } from "../../sync/upload";
import { Dialog, DialogFoot } from "../kit/dialog";
import { Field } from "../kit/field";
import { ErrorNote } from "../kit/notes";
import { plural } from "../kit/words";
import { DropZone } from "../upload/drop-zone";
import { FileButtons } from "../upload/file-buttons";
import { uploadsOf } from "../upload/uploads";

/** "cat, dog,, Cat " -> ["cat", "dog"]: names once, whatever their case. */
export function labelNames(text: string): string[] {
  const seen = new Set<string>();
  const names: string[] = [];
  for (const part of text.split(/[,;\n]/)) {
    const name = part.trim();
    const key = name.normalize("NFKC").toLowerCase();
    if (!name || seen.has(key)) continue;
    seen.add(key);
    names.push(name);
  }
  return names;
}

/** A name, some images, some labels, go. */
export function NewProject({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [labels, setLabels] = useState("");
  const [files, setFiles] = useState<UploadFile[]>([]);
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const add = (more: UploadFile[]) => setFiles((before) => [...before, ...more]);
  const create = useMutation({
    mutationFn: () =>
      sync.server.projects.create({
        name: name.trim(),
        labels: labelNames(labels).map((label) => ({ name: label })),
      }),
    onSuccess: (project) => {
      void client.invalidateQueries({ queryKey: ["projects"] });
      if (files.length > 0) uploadsOf(project.id).add(files);
      navigate(`/projects/${project.id}/images`);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  const names = labelNames(labels);
  return (
    <Dialog title="New project" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field
          label="Name"
          required
          autoFocus
          maxLength={120}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <ImagesField files={files} onAdd={add} />
        <Field
          label="Labels"
          placeholder="apple, leaf, branch"
          hint={
            names.length > 0
              ? `${plural(names.length, "label")}: ${names.join(" · ")}`
              : "Separated by commas. They can be changed at any time."
          }
          value={labels}
          onChange={(event) => setLabels(event.target.value)}
        />
        <ErrorNote error={create.error} what="The project was not made." />
        <DialogFoot onCancel={onClose} busy={create.isPending} disabled={!name.trim()}>
          Create
        </DialogFoot>
      </form>
    </Dialog>
  );
}

interface ImagesFieldProps {
  files: readonly UploadFile[];
  onAdd: (files: UploadFile[]) => void;
}

function ImagesField({ files, onAdd }: ImagesFieldProps) {
  return (
    <div className="field">
      <span className="field-label">Images</span>
      <DropZone onFiles={onAdd}>
        <div className="drop-box">
          <span className="muted grow">
            {files.length > 0
              ? `${plural(files.length, "file")} chosen`
              : "Drop images, folders or zips here"}
          </span>
          <FileButtons onFiles={onAdd} />
        </div>
      </DropZone>
    </div>
  );
}
