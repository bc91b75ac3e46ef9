/** The editor's one entry from the router. */
import "./editor.css";
import "./objects.css";
import "./picture.css";
import "./proposals.css";
import "./side.css";
import "./tools.css";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";

import type { ActionContext } from "../../actions";
import { Editor, wordsOf } from "../../actions/editor";
import { ownKeys } from "../../actions/keymap";
import { openFree, openJob, openReview } from "../../actions/opening";
import { sync } from "../../sync";
import type { PointerDesk } from "../../tools/pointer";
import { useSignal } from "../data";
import { announceCommands, announceKeys } from "../shell/shell-state";
import { EditorContext } from "./context";
import { EditorScreen } from "./editor-screen";
import { commandsOf, keySheet, listenToKeys } from "./keys";
import { pageDecoder } from "./page-decoder";

export interface EditorPageProps {
  /** Absent in a job: the first image that still waits for work is opened. */
  imageId?: string;
  jobId?: string;
  /** In review: the row of the review queue. */
  jobImageId?: string;
  mode: "edit" | "review";
}

export function EditorPage(props: EditorPageProps) {
  // Editing and reviewing are two editors: what one knows is of no use to the other.
  return <OpenEditor key={props.mode} {...props} />;
}

function OpenEditor({ imageId, jobId, jobImageId, mode }: EditorPageProps) {
  const [editor] = useState(() => new Editor(sync, pageDecoder(), mode));
  const [, navigate] = useLocation();
  const desk = useRef<PointerDesk | null>(null);
  const onDesk = useCallback((next: PointerDesk | null) => {
    desk.current = next;
  }, []);
  const context = useMemo<ActionContext>(
    () => ({ editor, go: (id) => navigate(pathOf(editor, id)) }),
    [editor, navigate],
  );

  useEffect(() => {
    editor.connect();
    return () => editor.dispose();
  }, [editor]);
  useEffect(() => {
    const opening = jobImageId
      ? openReview(editor, jobImageId)
      : jobId
        ? openJob(editor, jobId, imageId)
        : openFree(editor, imageId ?? "");
    opening.catch((error: unknown) => editor.state.failure.set(wordsOf(error)));
  }, [editor, imageId, jobId, jobImageId]);

  const own = useSignal(ownKeys);
  useEffect(() => announceKeys(keySheet(mode)), [mode, own]);
  useEffect(() => announceCommands(commandsOf(context)), [context, own]);
  useEffect(
    () =>
      listenToKeys(
        () => context,
        () => desk.current,
      ),
    [context],
  );

  return (
    <EditorContext.Provider value={context}>
      <EditorScreen onDesk={onDesk} />
    </EditorContext.Provider>
  );
}

/** The address of another image in the same job, review or project. */
function pathOf(editor: Editor, imageId: string): string {
  const item = editor.state.strip.get().find((one) => one.image.id === imageId);
  if (editor.mode === "review" && item?.jobImage) return `/review/${item.jobImage.id}`;
  const job = editor.state.job.get();
  if (job) return `/jobs/${job.id}/${imageId}`;
  return `/projects/${editor.state.project.get()?.id ?? ""}/images/${imageId}`;
}
