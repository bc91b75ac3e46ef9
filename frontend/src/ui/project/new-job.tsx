import { useState, type FormEvent } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { sync } from "../../sync";
import {
  atLeast,
  type Image,
  type Membership,
  type NewJob as NewJobBody,
  type Project,
} from "../../sync/api";
import { useMembers, useOverview } from "../data";
import { Button } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { Choice, Field } from "../kit/field";
import { ErrorNote } from "../kit/notes";
import { count, plural } from "../kit/words";

export function memberName({ user }: Membership): string {
  return user.display_name || user.name || user.username || "somebody";
}

type Which = "all" | "some";

interface NewJobProps {
  project: Project;
  /** Chosen by hand; else the form asks for all or a number. */
  images?: readonly Image[];
  onClose: () => void;
  onMade?: () => void;
}

/** Name, person, images. */
export function NewJob({ project, images, onClose, onMade }: NewJobProps) {
  const members = useMembers(project.id).data ?? [];
  const overview = useOverview(project.id).data;
  const handedOut = Object.values(overview?.job_images ?? {}).reduce((sum, n) => sum + n, 0);
  const free = Math.max(0, (overview?.images.total ?? 0) - handedOut);
  const [name, setName] = useState("");
  const [assignee, setAssignee] = useState("");
  const [reviewer, setReviewer] = useState("");
  const [which, setWhich] = useState<Which>("all");
  const [number, setNumber] = useState("20");
  const [instructions, setInstructions] = useState("");
  const client = useQueryClient();
  const workers = members.filter((member) => atLeast(member.role, "annotator"));
  const reviewers = members.filter((member) => atLeast(member.role, "reviewer"));
  const person = assignee || workers[0]?.user.id || "";
  const create = useMutation({
    mutationFn: () => {
      const body: NewJobBody = {
        name: name.trim(),
        assignee: person,
        ...(reviewer ? { reviewer } : {}),
        ...(instructions.trim() ? { instructions: instructions.trim() } : {}),
        ...(images
          ? { images: images.map((image) => image.id) }
          : which === "all"
            ? { all_unassigned: true as const }
            : { count: Number(number) }),
      };
      return sync.server.jobs.create(project.id, body);
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["project", project.id] });
      void client.invalidateQueries({ queryKey: ["my-jobs"] });
      onMade?.();
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  const named = (list: Membership[]) =>
    list.map((member) => [member.user.id, `${memberName(member)} (${member.role})`] as const);
  return (
    <Dialog title="New job" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field
          label="Name"
          required
          autoFocus
          maxLength={120}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <div className="two">
          <Choice label="Assignee" value={person} options={named(workers)} onChange={setAssignee} />
          <Choice
            label="Reviewer"
            value={reviewer}
            options={[["", "Any reviewer"], ...named(reviewers)]}
            onChange={setReviewer}
          />
        </div>
        {images ? (
          <p className="muted dialog-text">With the {plural(images.length, "image")} you chose.</p>
        ) : (
          <div className="two">
            <Choice<Which>
              label="Images"
              value={which}
              options={[
                ["all", `All that are in no job (${count(free)})`],
                ["some", "A number of them"],
              ]}
              onChange={setWhich}
            />
            {which === "some" && (
              <Field
                label="How many"
                type="number"
                min={1}
                max={Math.max(1, free)}
                required
                value={number}
                onChange={(event) => setNumber(event.target.value)}
              />
            )}
          </div>
        )}
        <Field
          label="Instructions"
          placeholder="What to outline, what to leave out"
          value={instructions}
          onChange={(event) => setInstructions(event.target.value)}
        />
        <ErrorNote error={create.error} what="The job was not made." />
        <div className="dialog-foot">
          <Button tone="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button
            tone="primary"
            type="submit"
            busy={create.isPending}
            disabled={!name.trim() || !person}
          >
            Make the job
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
