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
import { Dialog, DialogFoot } from "../kit/dialog";
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

interface Wanted {
  name: string;
  assignee: string;
  reviewer: string;
  instructions: string;
  which: Which;
  number: string;
}

const NOTHING_YET: Wanted = {
  name: "",
  assignee: "",
  reviewer: "",
  instructions: "",
  which: "all",
  number: "20",
};

function bodyOf(wanted: Wanted, images: readonly Image[] | undefined): NewJobBody {
  const instructions = wanted.instructions.trim();
  return {
    name: wanted.name.trim(),
    assignee: wanted.assignee,
    ...(wanted.reviewer ? { reviewer: wanted.reviewer } : {}),
    ...(instructions ? { instructions } : {}),
    ...(images
      ? { images: images.map((image) => image.id) }
      : wanted.which === "all"
        ? { all_unassigned: true as const }
        : { count: Number(wanted.number) }),
  };
}

function useCreateJob({ project, images, onClose, onMade }: NewJobProps) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wanted: Wanted) => sync.server.jobs.create(project.id, bodyOf(wanted, images)),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["project", project.id] });
      void client.invalidateQueries({ queryKey: ["my-jobs"] });
      onMade?.();
      onClose();
    },
  });
}

const named = (members: readonly Membership[]) =>
  members.map((member) => [member.user.id, `${memberName(member)} (${member.role})`] as const);

/** Name, person, images. */
export function NewJob(props: NewJobProps) {
  const { project, images, onClose } = props;
  const members = useMembers(project.id).data ?? [];
  const [typed, setTyped] = useState<Wanted>(NOTHING_YET);
  const create = useCreateJob(props);
  const workers = members.filter((member) => atLeast(member.role, "annotator"));
  const wanted = { ...typed, assignee: typed.assignee || workers[0]?.user.id || "" };
  const set = (change: Partial<Wanted>) => setTyped((before) => ({ ...before, ...change }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(wanted);
  };
  return (
    <Dialog title="New job" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field
          label="Name"
          required
          autoFocus
          maxLength={120}
          value={wanted.name}
          onChange={(event) => set({ name: event.target.value })}
        />
        <People members={members} wanted={wanted} set={set} />
        {images ? (
          <p className="muted dialog-text">With the {plural(images.length, "image")} you chose.</p>
        ) : (
          <WhichImages project={project} wanted={wanted} set={set} />
        )}
        <Field
          label="Instructions"
          placeholder="What to outline, what to leave out"
          value={wanted.instructions}
          onChange={(event) => set({ instructions: event.target.value })}
        />
        <ErrorNote error={create.error} what="The job was not made." />
        <DialogFoot
          onCancel={onClose}
          busy={create.isPending}
          disabled={!wanted.name.trim() || !wanted.assignee}
        >
          Make the job
        </DialogFoot>
      </form>
    </Dialog>
  );
}

interface PeopleProps {
  members: readonly Membership[];
  wanted: Wanted;
  set: (change: Partial<Wanted>) => void;
}

function People({ members, wanted, set }: PeopleProps) {
  const workers = members.filter((member) => atLeast(member.role, "annotator"));
  const reviewers = members.filter((member) => atLeast(member.role, "reviewer"));
  return (
    <div className="two">
      <Choice
        label="Assignee"
        value={wanted.assignee}
        options={named(workers)}
        onChange={(assignee) => set({ assignee })}
      />
      <Choice
        label="Reviewer"
        value={wanted.reviewer}
        options={[["", "Any reviewer"], ...named(reviewers)]}
        onChange={(reviewer) => set({ reviewer })}
      />
    </div>
  );
}

interface WhichImagesProps {
  project: Project;
  wanted: Wanted;
  set: (change: Partial<Wanted>) => void;
}

function WhichImages({ project, wanted, set }: WhichImagesProps) {
  const overview = useOverview(project.id).data;
  const handedOut = Object.values(overview?.job_images ?? {}).reduce((sum, n) => sum + n, 0);
  const free = Math.max(0, (overview?.images.total ?? 0) - handedOut);
  return (
    <div className="two">
      <Choice<Which>
        label="Images"
        value={wanted.which}
        options={[
          ["all", `All that are in no job (${count(free)})`],
          ["some", "A number of them"],
        ]}
        onChange={(which) => set({ which })}
      />
      {wanted.which === "some" && (
        <Field
          label="How many"
          type="number"
          min={1}
          max={Math.max(1, free)}
          required
          value={wanted.number}
          onChange={(event) => set({ number: event.target.value })}
        />
      )}
    </div>
  );
}
