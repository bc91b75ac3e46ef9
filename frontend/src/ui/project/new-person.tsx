import { useState, type FormEvent } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { sync } from "../../sync";
import type { NewUser, Project, Role } from "../../sync/api";
import { Button } from "../kit/button";
import { Dialog, DialogFoot } from "../kit/dialog";
import { Field } from "../kit/field";
import { ErrorNote, Note } from "../kit/notes";
import { Secret } from "../kit/secret";

interface NewPersonProps {
  project: Project;
  role: Role;
  onClose: () => void;
}

/** An account made by the admin; its generated password is shown once. */
export function NewPerson({ project, role, onClose }: NewPersonProps) {
  const [username, setUsername] = useState("");
  const [name, setName] = useState("");
  const [made, setMade] = useState<NewUser | null>(null);
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: async () => {
      const body = {
        username: username.trim(),
        ...(name.trim() ? { display_name: name.trim() } : {}),
      };
      const user = made ?? (await sync.server.accounts.createUser(body));
      setMade(user);
      await sync.server.projects.addMember(project.id, user.username, role);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["project", project.id] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  if (made && !create.isPending) {
    return (
      <Made user={made} error={create.error} onRetry={() => create.mutate()} onClose={onClose} />
    );
  }
  return (
    <Dialog title="New account" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field
          label="Username"
          autoFocus
          autoCapitalize="none"
          required
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <Field label="Name" value={name} onChange={(event) => setName(event.target.value)} />
        <p className="muted dialog-text">
          Becomes {role} of {project.name}. A password is made for them.
        </p>
        <ErrorNote error={create.error} what="The account was not made." />
        <DialogFoot onCancel={onClose} busy={create.isPending} disabled={!username.trim()}>
          Make the account
        </DialogFoot>
      </form>
    </Dialog>
  );
}

interface MadeProps {
  user: NewUser;
  error: unknown;
  onRetry: () => void;
  onClose: () => void;
}

function Made({ user, error, onRetry, onClose }: MadeProps) {
  return (
    <Dialog title={`Account ${user.username}`} onClose={onClose}>
      <ErrorNote
        error={error}
        what="The account is made, but was not added to the project."
        onRetry={onRetry}
      />
      <Note tone="warn">
        This password is shown once. Hand it over; it can be changed on the account page.
      </Note>
      <Secret text={user.password ?? ""} />
      <div className="dialog-foot">
        <Button tone="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
