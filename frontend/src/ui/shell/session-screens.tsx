import { useEffect, useState, type FormEvent } from "react";
import { useLocation } from "wouter";

import { sync } from "../../sync";
import { asAppError } from "../../sync/errors";
import type { SessionState } from "../../sync/session";
import { useSignal } from "../data";
import { Button } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { Field } from "../kit/field";
import { Note } from "../kit/notes";
import { Mark } from "./mark";
import { shell } from "./shell-state";

/** Only paths of this app; anything else leads home. */
export function insidePath(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) && !next.startsWith("/sign-in") ? next : "/";
}

function SignInForm({ username: known, onDone }: { username?: string; onDone?: () => void }) {
  const [username, setUsername] = useState(known ?? "");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    sync.session
      .signIn(username.trim(), password)
      .then(onDone)
      .catch((error: unknown) => {
        setProblem(asAppError(error).detail);
        setBusy(false);
      });
  };

  return (
    <form className="stack" onSubmit={submit}>
      <Field
        label="Username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        autoFocus={!known}
        value={username}
        onChange={(event) => setUsername(event.target.value)}
        data-testid="sign-in-username"
      />
      <Field
        label="Password"
        type="password"
        autoComplete="current-password"
        required
        autoFocus={Boolean(known)}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={problem}
        data-testid="sign-in-password"
      />
      <div>
        <Button tone="primary" type="submit" busy={busy} data-testid="sign-in-submit">
          Sign in
        </Button>
      </div>
    </form>
  );
}

export function SignInPage() {
  const [path, navigate] = useLocation();
  const query = new URLSearchParams(window.location.search);
  useEffect(() => {
    document.title = "Sign in · samweb";
  }, []);
  const done = () => {
    if (path.startsWith("/sign-in")) navigate(insidePath(query.get("next")), { replace: true });
  };
  return (
    <main className="sign-in">
      <div className="sign-in-box">
        <h1>
          <Mark /> samweb
        </h1>
        {query.get("link") === "used" && (
          <Note tone="warn">
            This sign-in link has been used or is too old. Sign in with your password; the
            administrator&rsquo;s first one lies in the data folder.
          </Note>
        )}
        <SignInForm onDone={done} />
      </div>
    </main>
  );
}

/** Over the page as it stands: the work below is kept and goes on after the sign-in. */
export function SignInAgain({ state }: { state: Extract<SessionState, { kind: "expired" }> }) {
  useEffect(() => () => shell.signInLater.set(false), []);
  if (useSignal(shell.signInLater)) return null;
  return (
    <Dialog title="Sign in again" onClose={() => shell.signInLater.set(true)}>
      <p className="muted dialog-text">
        {state.other
          ? `${state.other} has signed in in this browser. Sign in as ${state.user.username} to go on.`
          : "Your sign-in has expired."}{" "}
        Everything you did is kept in this browser and is sent as soon as you are back. You may also
        close this, go on, and sign in later by the note at the top.
      </p>
      <SignInForm username={state.user.username} />
    </Dialog>
  );
}
