import { useEffect, useState, type FormEvent } from "react";
import { useMutation } from "@tanstack/react-query";

import { sync } from "../../sync";
import { useMe } from "../data";
import { Button } from "../kit/button";
import { Choice, Field } from "../kit/field";
import { ErrorNote, Note } from "../kit/notes";
import { TopBar } from "../shell/top-bar";
import { applyTheme, asTheme, storedTheme, THEMES, type Theme } from "../theme";
import { KeysEditor } from "./keys-editor";
import { Tokens } from "./tokens";

export function AccountPage() {
  const me = useMe();
  useEffect(() => {
    document.title = "Account · samweb";
  }, []);
  return (
    <div className="page">
      <TopBar>Account</TopBar>
      <main className="page-body page-narrow">
        <div className="page-head">
          <h1>{me.display_name || me.username}</h1>
          <span className="muted">{me.is_admin ? "administrator" : me.username}</span>
        </div>
        <Profile />
        <Password />
        <KeysEditor />
        <Tokens />
      </main>
    </div>
  );
}

function Profile() {
  const me = useMe();
  const [name, setName] = useState(me.display_name);
  const [theme, setTheme] = useState<Theme>(
    me.preferences.theme ? asTheme(me.preferences.theme) : storedTheme(),
  );
  const save = useMutation({
    mutationFn: sync.server.accounts.changeMe,
    onSuccess: (user) => sync.session.replaceUser(user),
  });
  const choose = (next: Theme) => {
    setTheme(next);
    applyTheme(next);
    save.mutate({ preferences: { theme: next } });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ display_name: name.trim() });
  };
  return (
    <section className="stack">
      <form className="row row-bottom" onSubmit={submit}>
        <Field
          label="Name others see"
          value={name}
          maxLength={120}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" disabled={name.trim() === me.display_name} busy={save.isPending}>
          Save
        </Button>
      </form>
      <div className="row">
        <Choice label="Theme" value={theme} options={THEMES} onChange={choose} />
      </div>
      <ErrorNote error={save.error} what="This was not saved." />
    </section>
  );
}

function Password() {
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const save = useMutation({
    mutationFn: () =>
      sync.server.accounts.changeMe({ current_password: current, password: wanted }),
    onSuccess: () => {
      setCurrent("");
      setWanted("");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <section className="stack stack-tight">
      <div className="page-head">
        <h2>Password</h2>
      </div>
      <form className="row row-bottom" onSubmit={submit}>
        <Field
          label="Current password"
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <Field
          label="New password"
          type="password"
          autoComplete="new-password"
          required
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        <Button type="submit" busy={save.isPending} disabled={!current || !wanted}>
          Change
        </Button>
      </form>
      {save.isSuccess && <Note tone="good">The password is changed.</Note>}
      <ErrorNote error={save.error} what="The password was not changed." />
    </section>
  );
}
