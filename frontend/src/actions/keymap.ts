/**
 * The one table of keys. A key is `[Ctrl+][Alt+][Shift+]code`, where code is a letter, a digit or
 * the name of KeyboardEvent.key; a test refuses two actions for one key in one mode.
 */
import { Signal } from "../document/signal";
import type { Mode } from "./state";

export interface Binding {
  action: string;
  keys: readonly string[];
  modes: readonly Mode[];
  title: string;
}

const BOTH = ["edit", "review"] as const;

export const KEYMAP: readonly Binding[] = [
  { action: "accept", keys: ["Enter"], modes: BOTH, title: "Accept the mask (also Space tap, middle click)" },
  { action: "escape", keys: ["Escape"], modes: BOTH, title: "Drop the prompt, clear the selection" },
  { action: "cycle", keys: ["Tab"], modes: BOTH, title: "Next candidate (also Alt+wheel)" },
  { action: "cycle-back", keys: ["Shift+Tab"], modes: BOTH, title: "Previous candidate" },
  { action: "undo", keys: ["z", "Ctrl+z"], modes: BOTH, title: "Undo (one click back in a prompt)" },
  { action: "redo", keys: ["Shift+z", "Ctrl+Shift+z", "Ctrl+y"], modes: BOTH, title: "Redo" },
  { action: "delete", keys: ["x", "Delete"], modes: BOTH, title: "Delete the object" },
  { action: "tighter", keys: ["]"], modes: BOTH, title: "Boundary inwards (also Alt+Shift+wheel)" },
  { action: "wider", keys: ["["], modes: BOTH, title: "Boundary outwards" },
  { action: "tool-point", keys: ["c"], modes: BOTH, title: "Click and box" },
  { action: "tool-select", keys: ["v"], modes: BOTH, title: "Select" },
  { action: "tool-brush", keys: ["b"], modes: BOTH, title: "Brush (Alt or right button erases, Shift+click draws a line)" },
  { action: "tool-eraser", keys: ["e"], modes: BOTH, title: "Eraser" },
  { action: "tool-polygon", keys: ["p"], modes: BOTH, title: "Polygon (Enter or a double-click closes it, begun with Alt it takes away)" },
  { action: "magnetic", keys: ["Shift+p"], modes: BOTH, title: "Polygons follow the picture's edges, or are straight" },
  { action: "tool-cut", keys: ["Shift+c"], modes: BOTH, title: "Cut an object in two along a line" },
  { action: "tool-measure", keys: ["m"], modes: BOTH, title: "Measure (Shift keeps the line level)" },
  { action: "tool-proposal", keys: ["a"], modes: BOTH, title: "Proposals: take what the workers found (click, drag, Space)" },
  { action: "larger", keys: ["."], modes: BOTH, title: "Larger brush (also Shift+wheel)" },
  { action: "smaller", keys: [","], modes: BOTH, title: "Smaller brush (also Shift+wheel)" },
  { action: "reopen", keys: ["o"], modes: BOTH, title: "Open the object's prompts or polygon again (also double-click)" },
  { action: "previous", keys: ["s"], modes: BOTH, title: "Previous image" },
  { action: "next", keys: ["d"], modes: BOTH, title: "Next image" },
  { action: "hide", keys: ["h"], modes: BOTH, title: "Hide or show masks" },
  { action: "hide-selected", keys: ["Shift+h"], modes: BOTH, title: "Hide or show the selected objects" },
  { action: "lock-selected", keys: ["l"], modes: BOTH, title: "Lock or unlock the selected objects" },
  { action: "solo", keys: ["i"], modes: BOTH, title: "Show only the selected objects, or all again" },
  { action: "select-all", keys: ["Ctrl+a"], modes: BOTH, title: "Select all objects of the list" },
  { action: "search-labels", keys: ["/"], modes: BOTH, title: "Search the labels" },
  { action: "fill-holes", keys: ["Alt+h"], modes: BOTH, title: "Fill the holes of the selected objects, or leave them" },
  { action: "remove-specks", keys: ["Alt+k"], modes: BOTH, title: "Remove specks, or leave them" },
  { action: "smooth", keys: ["Alt+s"], modes: BOTH, title: "Smooth the edges, or leave them" },
  { action: "largest-part", keys: ["Alt+l"], modes: BOTH, title: "Keep the largest part only, or all" },
  { action: "grow", keys: ["="], modes: BOTH, title: "Grow by one pixel" },
  { action: "shrink", keys: ["-"], modes: BOTH, title: "Shrink by one pixel" },
  { action: "merge", keys: ["u"], modes: BOTH, title: "Merge the selected objects" },
  { action: "subtract", keys: ["Shift+u"], modes: BOTH, title: "Take the selected object's pixels from all others" },
  { action: "only-empty", keys: ["Shift+b"], modes: BOTH, title: "Draw only where no object is, or anywhere" },
  { action: "bring-to-front", keys: ["Shift+PageUp"], modes: BOTH, title: "Bring to front" },
  { action: "send-to-back", keys: ["Shift+PageDown"], modes: BOTH, title: "Send to back" },
  { action: "wireframe", keys: ["w"], modes: BOTH, title: "Outlines only, or fills" },
  { action: "opacity", keys: ["t"], modes: BOTH, title: "Fill: normal, light, outline only" },
  { action: "refine", keys: ["Shift+e"], modes: BOTH, title: "Sharper edges: look twice, or as the model drew them" },
  { action: "fit", keys: ["F2", "Numpad0"], modes: BOTH, title: "Fit the image" },
  { action: "skip", keys: ["Shift+s"], modes: ["edit"], title: "Skip the image, with a reason" },
  { action: "comment", keys: ["n"], modes: BOTH, title: "Comments: on the selected object, or where the pointer is" },
  { action: "submit", keys: ["Ctrl+Enter"], modes: ["edit"], title: "Submit and go on" },
  { action: "walk", keys: ["j"], modes: BOTH, title: "Next object" },
  { action: "walk-back", keys: ["k"], modes: BOTH, title: "Previous object" },
  { action: "accept-object", keys: ["y"], modes: ["review"], title: "Accept the object" },
  { action: "reject-object", keys: ["r"], modes: ["review"], title: "Reject the object, with a reason" },
  { action: "accept-remaining", keys: ["Shift+y"], modes: ["review"], title: "Accept all remaining objects" },
  { action: "accept-image", keys: ["Ctrl+Enter"], modes: ["review"], title: "Accept the image and go on" },
  { action: "return-image", keys: ["Shift+r"], modes: ["review"], title: "Return the image with a comment" },
  { action: "label", keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"], modes: BOTH, title: "Choose the label" },
]; // prettier-ignore

/** The table's name for a key press; letters and digits by what they type. */
export function keyOf(
  event: Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">,
): string {
  const numpad = /^Numpad[0-9]$/.test(event.code) ? event.code : null;
  // With Shift a digit types a sign: the code says which digit it was.
  const digit = /^Digit([0-9])$/.exec(event.code)?.[1];
  const key = numpad ?? digit ?? (event.key.length === 1 ? event.key.toLowerCase() : event.key);
  const letter = /^[a-z0-9]$/.test(key) || key.length > 1;
  return [
    event.ctrlKey || event.metaKey ? "Ctrl+" : "",
    event.altKey ? "Alt+" : "",
    event.shiftKey && letter ? "Shift+" : "",
    key,
  ].join("");
}

/** A person's own keys by action; what is not there is as the table says. */
export type OwnKeys = Readonly<Record<string, readonly string[]>>;

/** The keys of the signed-in person; set when the account is known or changes. */
export const ownKeys = new Signal<OwnKeys>({});

/** Keys that the page itself needs. */
export const RESERVED: ReadonlySet<string> = new Set(["?", "Ctrl+k", " ", "Tab", "Shift+Tab"]);

/** What an account's preferences say about keys; anything that is not a list of texts is left out. */
export function ownKeysOf(said: unknown): OwnKeys {
  if (typeof said !== "object" || said === null) return {};
  const actions = new Set(KEYMAP.map((binding) => binding.action));
  return Object.fromEntries(
    Object.entries(said).filter(
      ([action, keys]) =>
        actions.has(action) && Array.isArray(keys) && keys.every((key) => typeof key === "string"),
    ),
  );
}

let made: { own: OwnKeys; bindings: readonly Binding[] } | null = null;

/** The table with a person's own keys in it. */
export function bindingsWith(own: OwnKeys): readonly Binding[] {
  if (made?.own !== own) {
    const bindings = KEYMAP.map((b) => ({ ...b, keys: own[b.action] ?? b.keys }));
    made = { own, bindings };
  }
  return made.bindings;
}

/** The other action that has this key in a mode they share. */
export function holderOf(key: string, action: string, own: OwnKeys): Binding | null {
  const bindings = bindingsWith(own);
  const mine = bindings.find((b) => b.action === action);
  const rival = (b: Binding) =>
    b.action !== action && b.keys.includes(key) && b.modes.some((m) => mine?.modes.includes(m));
  return bindings.find(rival) ?? null;
}

/** The key becomes the action's first one, and is taken from whoever has it. */
export function withKey(own: OwnKeys, action: string, key: string): OwnKeys {
  const holder = holderOf(key, action, own);
  const keysOf = (name: string) => bindingsWith(own).find((b) => b.action === name)?.keys ?? [];
  const others = keysOf(action)
    .slice(1)
    .filter((other) => other !== key);
  return {
    ...own,
    ...(holder ? { [holder.action]: holder.keys.filter((other) => other !== key) } : {}),
    [action]: [key, ...others],
  };
}

export function bindingFor(key: string, mode: Mode, own = ownKeys.get()): Binding | null {
  return bindingsWith(own).find((b) => b.modes.includes(mode) && b.keys.includes(key)) ?? null;
}

/** "Ctrl+Enter" for a tooltip; empty when the action has no key in this mode. */
export function keyLabel(action: string, mode: Mode, own = ownKeys.get()): string {
  const found = bindingsWith(own).find((b) => b.action === action && b.modes.includes(mode));
  return keyWords(found?.keys[0] ?? "");
}

/** A key as it stands on a keyboard. */
export function keyWords(key: string): string {
  return key.length === 1
    ? key.toUpperCase()
    : key.replace(/\+([a-z])$/, (_, letter: string) => `+${letter.toUpperCase()}`);
}
