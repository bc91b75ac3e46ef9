import { createContext, useContext, useSyncExternalStore } from "react";

import { ACTIONS, type ActionContext } from "../../actions";
import { keyLabel, ownKeys } from "../../actions/keymap";
import type { AnnotationRecord } from "../../document/records";
import { useSignal } from "../data";

export const EditorContext = createContext<ActionContext | null>(null);

export function useEditorContext(): ActionContext {
  const context = useContext(EditorContext);
  if (!context) throw new Error("this panel stands outside the editor");
  return context;
}

export function useEditor() {
  return useEditorContext().editor;
}

/** Runs actions by name, as the keys do. */
export function useRun() {
  const context = useEditorContext();
  return (action: string, key?: string) =>
    ACTIONS[action]?.(key === undefined ? context : { ...context, key });
}

/** "Undo (Z)": the words and the key for a tooltip. */
export function useTip() {
  const { editor } = useEditorContext();
  useSignal(ownKeys);
  return (words: string, action: string) => {
    const key = keyLabel(action, editor.mode);
    return key ? `${words} (${key})` : words;
  };
}

export function useAnnotations(): readonly AnnotationRecord[] {
  const { document } = useEditor();
  return useSyncExternalStore(
    (listener) => document.subscribe(listener),
    () => document.list(),
  );
}

/** The open image's row of the job, following its state. */
export function useJobImage() {
  const editor = useEditor();
  useSignal(editor.state.strip);
  useSignal(editor.state.image);
  return editor.item?.jobImage ?? null;
}
