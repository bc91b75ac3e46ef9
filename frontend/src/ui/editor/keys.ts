/** Keys of the editor: one listener on the window, everything else is the keymap table. */
import { ACTIONS, type ActionContext } from "../../actions";
import { bindingFor, KEYMAP, keyLabel, keyOf } from "../../actions/keymap";
import type { Mode } from "../../actions/state";
import type { PointerDesk } from "../../tools/pointer";
import type { Command, KeyGroup } from "../shell/shell-state";

/** Inputs that take no letters: the keys stay with the picture. */
const NO_LETTERS = new Set(["checkbox", "radio", "range", "button", "color"]);

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !NO_LETTERS.has(target.type);
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(textarea|select)$/i.test(target.tagName))
  );
}

/** A focused button keeps Enter, Space and Tab for itself unless a prompt is open. */
function belongsToFocus(event: KeyboardEvent, context: ActionContext): boolean {
  const promptOpen = context.editor.prompter.isOpen;
  if (event.key === "Tab") return !promptOpen;
  const onControl =
    event.target instanceof Element && event.target.closest("button, a, input") !== null;
  return (event.key === "Enter" || event.key === " ") && onControl && !promptOpen && !event.ctrlKey;
}

export function listenToKeys(
  context: () => ActionContext,
  desk: () => PointerDesk | null,
): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  // An accepted mask may wait for its second look; what a hand does next comes after it.
  for (const next of ["keydown", "pointerdown", "pagehide"]) {
    window.addEventListener(next, () => context().editor.prompter.settle(), {
      capture: true,
      signal,
    });
  }
  window.addEventListener(
    "keydown",
    (event) => {
      const now = context();
      if (event.defaultPrevented || isTyping(event.target) || belongsToFocus(event, now)) return;
      // What lies over the editor has the keys, also when nothing in it has the focus.
      if (document.querySelector("dialog[open]")) return;
      now.editor.effort.touch(event.timeStamp);
      if (event.key === " ") {
        event.preventDefault();
        desk()?.spaceDown(event.timeStamp);
        return;
      }
      const key = keyOf(event);
      const binding = bindingFor(key, now.editor.mode);
      if (!binding) return;
      event.preventDefault();
      if (event.repeat && binding.action === "accept") return;
      ACTIONS[binding.action]?.({ ...now, key });
    },
    { signal },
  );
  window.addEventListener(
    "keyup",
    (event) => {
      if (event.key !== " " || !desk()?.space.held) return;
      event.preventDefault();
      desk()?.spaceUp(event.timeStamp);
    },
    { signal },
  );
  window.addEventListener("blur", () => desk()?.space.drop(), { signal });
  return () => stop.abort();
}

/** The editor's part of the `?` sheet, made from the table. */
export function keySheet(mode: Mode): KeyGroup {
  const here = KEYMAP.filter(({ action, modes }) => modes.includes(mode) && keyLabel(action, mode));
  const rows = here.map((binding) => ({
    keys: binding.action === "label" ? "1–9, 0" : keyLabel(binding.action, mode),
    what: binding.title,
  }));
  const mouse = [
    { keys: "Click", what: "This belongs to the object" },
    { keys: "Right click", what: "This does not (also Alt+click); on a point: remove it" },
    { keys: "Drag", what: "A box around the object; on a point: move it" },
    {
      keys: "Shift + drag",
      what: "A scribble over what belongs to it (right button or Alt: over what does not)",
    },
    { keys: "Ctrl + drag", what: "A box that becomes an object by itself; draw the next at once" },
    { keys: "Wheel", what: "Zoom at the cursor" },
    { keys: "Space + drag", what: "Move the picture (also middle drag)" },
  ];
  return { title: mode === "edit" ? "Editor" : "Review", rows: [...mouse, ...rows] };
}

/** What the palette offers while the editor is open. */
export function commandsOf(context: ActionContext): Command[] {
  const { mode } = context.editor;
  return KEYMAP.filter((binding) => binding.modes.includes(mode) && binding.action !== "label").map(
    ({ action, title }) => ({
      name: title,
      keys: keyLabel(action, mode),
      // After the palette has closed and given the focus back.
      run: () => setTimeout(() => ACTIONS[action]?.(context)),
    }),
  );
}
