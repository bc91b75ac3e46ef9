import { describe, expect, it } from "vitest";

import { ACTIONS } from "./index";
import {
  bindingFor,
  bindingsWith,
  holderOf,
  KEYMAP,
  keyOf,
  ownKeysOf,
  withKey,
  type OwnKeys,
} from "./keymap";

const press = (key: string, code: string, mods: Partial<KeyboardEvent> = {}) =>
  keyOf({ key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...mods });

describe("keymap", () => {
  for (const mode of ["edit", "review"] as const) {
    it(`binds no key twice in ${mode} mode`, () => {
      const keys = KEYMAP.filter((b) => b.modes.includes(mode)).flatMap((b) => b.keys);
      expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
    });
  }

  it("names only actions that exist, and gives every action a key", () => {
    const bound = new Set(KEYMAP.map((b) => b.action));
    expect([...bound].filter((action) => !(action in ACTIONS))).toEqual([]);
    expect(Object.keys(ACTIONS).filter((action) => !bound.has(action))).toEqual([]);
  });

  it("reads presses as the table writes them", () => {
    expect(press("z", "KeyZ")).toBe("z");
    expect(press("Z", "KeyZ", { shiftKey: true })).toBe("Shift+z");
    expect(press("!", "Digit1", { shiftKey: true })).toBe("Shift+1");
    expect(press("0", "Numpad0")).toBe("Numpad0");
    expect(press("Enter", "Enter", { metaKey: true })).toBe("Ctrl+Enter");
    expect(press("]", "BracketRight")).toBe("]");
    expect(bindingFor("Ctrl+Enter", "edit")?.action).toBe("submit");
    expect(bindingFor("Ctrl+Enter", "review")?.action).toBe("accept-image");
  });
});

describe("a person's own keys", () => {
  const twice = (own: OwnKeys) =>
    (["edit", "review"] as const).flatMap((mode) => {
      const keys = bindingsWith(own)
        .filter((b) => b.modes.includes(mode))
        .flatMap((b) => b.keys);
      return keys.filter((key, at) => keys.indexOf(key) !== at);
    });

  it("take the place of the table's, and keep the action's other keys", () => {
    const own = withKey({}, "undo", "u");
    expect(bindingFor("u", "edit", own)?.action).toBe("undo");
    expect(bindingFor("Ctrl+z", "edit", own)?.action).toBe("undo");
    expect(bindingFor("z", "edit", own)).toBeNull();
  });

  it("name who has a key, and never leave two actions with one", () => {
    expect(holderOf("v", "tool-brush", {})?.action).toBe("tool-select");
    const own = withKey({}, "tool-brush", "v");
    expect(twice(own)).toEqual([]);
    expect(bindingFor("v", "edit", own)?.action).toBe("tool-brush");
    expect(bindingsWith(own).find((b) => b.action === "tool-select")?.keys).toEqual([]);
  });

  it("may share a key between modes that never meet", () => {
    expect(holderOf("Ctrl+Enter", "accept-image", {})).toBeNull();
  });

  it("come from the account, and nonsense there is left out", () => {
    expect(ownKeysOf({ undo: ["u"], fly: ["f"], redo: "y", hide: [1] })).toEqual({ undo: ["u"] });
    expect(ownKeysOf(null)).toEqual({});
  });
});
