import { useId, useState, type FormEvent } from "react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { UserMinus, UserPlus } from "lucide-react";

import { sync } from "../../sync";
import {
  asAppError,
  atLeast,
  ROLES,
  type Membership,
  type Project,
  type Role,
} from "../../sync/api";
import { useMe, useMembers } from "../data";
import { Button } from "../kit/button";
import { ErrorNote } from "../kit/notes";
import { memberName } from "./new-job";
import { NewPerson } from "./new-person";

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  viewer: "Viewer: looks",
  annotator: "Annotator: labels",
  reviewer: "Reviewer: labels and reviews",
  manager: "Manager: images, jobs, people",
  owner: "Owner: everything",
};

export function TeamTab({ project }: { project: Project }) {
  const members = useMembers(project.id);
  const manages = atLeast(project.role, "manager");
  return (
    <>
      <div className="page-head">
        <h1>Team</h1>
      </div>
      {manages && <AddMember project={project} />}
      <ErrorNote
        error={members.error}
        what="The team could not be loaded."
        onRetry={() => void members.refetch()}
      />
      <table className="table">
        <thead>
          <tr>
            <th>Name</th>
            <th>Username</th>
            <th>Role</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {(members.data ?? []).map((member) => (
            <MemberRow key={member.id} member={member} project={project} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function MemberRow({ member, project }: { member: Membership; project: Project }) {
  const me = useMe();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ["project", project.id] });
  const change = useMutation({
    mutationFn: (role: Role) => sync.server.projects.changeMember(member, role),
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: () => sync.server.projects.removeMember(member),
    onSettled: refresh,
  });
  const error = change.error ?? remove.error;
  const may = atLeast(project.role, "manager") && atLeast(project.role, member.role);
  return (
    <tr data-testid="member-row">
      <td>
        <strong>{memberName(member)}</strong>
        {member.user.id === me.id && <span className="muted"> (you)</span>}
        {error && <div className="field-error">{asAppError(error).detail}</div>}
      </td>
      <td className="muted">{member.user.username}</td>
      <td>
        {may ? (
          <RoleSelect
            project={project}
            label={`Role of ${memberName(member)}`}
            value={member.role}
            disabled={change.isPending}
            onChange={(role) => change.mutate(role)}
          />
        ) : (
          member.role
        )}
      </td>
      <td className="num">
        {may && (
          <Button
            tone="quiet"
            icon={UserMinus}
            busy={remove.isPending}
            title="Take out of the project; their work stays"
            aria-label={`Take ${memberName(member)} out of the project`}
            onClick={() => remove.mutate()}
          />
        )}
      </td>
    </tr>
  );
}

function AddMember({ project }: { project: Project }) {
  const me = useMe();
  const [username, setUsername] = useState("");
  const [role, setRole] = useState<Role>("annotator");
  const [creating, setCreating] = useState(false);
  const client = useQueryClient();
  const search = username.trim();
  const add = useMutation({
    mutationFn: () => sync.server.projects.addMember(project.id, search, role),
    onSuccess: () => {
      setUsername("");
      return client.invalidateQueries({ queryKey: ["project", project.id] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <div className="stack stack-tight">
      <form className="row add-member" onSubmit={submit}>
        <UsernameField
          value={username}
          onChange={(typed) => {
            setUsername(typed);
            add.reset();
          }}
        />
        <RoleSelect project={project} label="Role" value={role} onChange={setRole} />
        <Button tone="primary" type="submit" busy={add.isPending} disabled={!search}>
          Add
        </Button>
        {me.is_admin && (
          <Button tone="quiet" icon={UserPlus} onClick={() => setCreating(true)}>
            New account
          </Button>
        )}
      </form>
      <ErrorNote error={add.error} what={`${search} was not added.`} />
      {creating && <NewPerson project={project} role={role} onClose={() => setCreating(false)} />}
    </div>
  );
}

/** With the usernames that begin so, as far as I may know them. */
function UsernameField({ value, onChange }: { value: string; onChange: (typed: string) => void }) {
  const listId = useId();
  const search = value.trim();
  const known = useQuery({
    queryKey: ["users", search],
    queryFn: () => sync.server.accounts.users(search),
    enabled: search.length >= 2,
    retry: false,
  });
  return (
    <>
      <input
        className="input"
        list={listId}
        placeholder="Username"
        aria-label="Username"
        autoCapitalize="none"
        required
        value={value}
        data-testid="member-username"
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={listId}>
        {(known.data ?? []).map((user) => (
          <option key={user.id} value={user.username}>
            {user.display_name}
          </option>
        ))}
      </datalist>
    </>
  );
}

interface RoleSelectProps {
  project: Project;
  label: string;
  value: Role;
  onChange: (role: Role) => void;
  disabled?: boolean;
}

/** The roles I may give: none above my own. */
function RoleSelect({ project, label, value, onChange, disabled }: RoleSelectProps) {
  return (
    <select
      className="input"
      aria-label={label}
      value={value}
      disabled={disabled}
      onChange={(event) => onChange(event.target.value as Role)}
    >
      {ROLES.filter((role) => atLeast(project.role, role)).map((role) => (
        <option key={role} value={role}>
          {ROLE_WORDS[role]}
        </option>
      ))}
    </select>
  );
}
