/** The shell: who is signed in, which page, what lies over it. */
import "./kit/kit.css";
import "./shell/shell.css";
import "./home/home.css";
import "./project/project.css";
import { lazy, Suspense, useEffect, useState } from "react";
import { QueryClientProvider } from "@tanstack/react-query";
import { Compass } from "lucide-react";
import { Route, Switch, useLocation } from "wouter";

import { ownKeys, ownKeysOf } from "../actions/keymap";
import { sync, watchPage } from "../sync";
import { asAppError } from "../sync/errors";
import type { User } from "../sync/api";
import { AccountPage } from "./account/account-page";
import { queries, useSignal } from "./data";
import { HomePage } from "./home/home-page";
import { InstancePage } from "./instance/instance-page";
import { LinkButton } from "./kit/button";
import { Empty, ErrorNote } from "./kit/notes";
import { ProjectPage } from "./project/project-page";
import { announceSync } from "./shell/hook";
import { HeldChanges } from "./shell/held-changes";
import { KeysSheet } from "./shell/keys-sheet";
import { Palette } from "./shell/palette";
import { SignInAgain, SignInPage } from "./shell/session-screens";
import { shell } from "./shell/shell-state";
import { TopBar } from "./shell/top-bar";
import { useShellKeys } from "./shell/shell-keys";
import { applyTheme, asTheme, storedTheme } from "./theme";

const EditorPage = lazy(async () => ({
  default: (await import("./editor/editor-page")).EditorPage,
}));

const SelfTestPage = lazy(async () => ({
  default: (await import("./selftest/selftest-page")).SelfTestPage,
}));

/** The self-test comes first: it shall work where nothing else does. */
export function App() {
  const [path] = useLocation();
  useEffect(() => applyTheme(storedTheme()), []);
  if (path !== "/selftest") return <SessionApp />;
  return (
    <Suspense fallback={null}>
      <SelfTestPage />
    </Suspense>
  );
}

function SessionApp() {
  const session = useSignal(sync.session.state);
  const [problem, setProblem] = useState<unknown>(null);
  const load = () => {
    sync.session.load().then(
      () => setProblem(null),
      (error: unknown) => setProblem(asAppError(error)),
    );
  };
  useEffect(() => {
    announceSync();
    load();
    return watchPage(sync, window);
  }, []);

  if (session.kind === "unknown") {
    return (
      <main className="sign-in">
        {problem ? <ErrorNote error={problem} onRetry={load} /> : null}
      </main>
    );
  }
  if (session.kind === "out") return <SignInPage />;
  return (
    <QueryClientProvider client={queries}>
      <SignedIn key={session.user.id} user={session.user} />
      {session.kind === "expired" && <SignInAgain state={session} />}
    </QueryClientProvider>
  );
}

function SignedIn({ user }: { user: User }) {
  const palette = useSignal(shell.palette);
  const keys = useSignal(shell.keys);
  const held = useSignal(shell.held);
  const theme = user.preferences.theme;
  const keymap = user.preferences["keys"];
  useEffect(() => ownKeys.set(ownKeysOf(keymap)), [keymap]);
  useShellKeys();
  useEffect(() => () => queries.clear(), []);
  useEffect(() => {
    if (theme) applyTheme(asTheme(theme));
  }, [theme]);
  return (
    <>
      <Pages />
      {palette && <Palette />}
      {keys && <KeysSheet />}
      {held && <HeldChanges />}
    </>
  );
}

function Pages() {
  return (
    <Suspense fallback={<main className="page" aria-busy="true" />}>
      <Switch>
        <Route path="/" component={HomePage} />
        <Route path="/sign-in" component={HomePage} />
        <Route path="/account" component={AccountPage} />
        <Route path="/instance" component={InstancePage} />
        <Route path="/projects/:id/images/:imageId">
          {({ imageId }) => <EditorPage imageId={imageId} mode="edit" />}
        </Route>
        <Route path="/projects/:id/:tab?">
          {({ id, tab }) => <ProjectPage key={id} id={id} tab={tab ?? "overview"} />}
        </Route>
        <Route path="/jobs/:jobId/:imageId?">
          {({ jobId, imageId }) => (
            <EditorPage jobId={jobId} mode="edit" {...(imageId ? { imageId } : {})} />
          )}
        </Route>
        <Route path="/review/:jobImageId">
          {({ jobImageId }) => <EditorPage jobImageId={jobImageId} mode="review" />}
        </Route>
        <Route>
          <NotFound />
        </Route>
      </Switch>
    </Suspense>
  );
}

function NotFound() {
  return (
    <div className="page">
      <TopBar />
      <main className="page-body">
        <Empty icon={Compass} action={<LinkButton href="/">Go home</LinkButton>}>
          There is no page at this address.
        </Empty>
      </main>
    </div>
  );
}
