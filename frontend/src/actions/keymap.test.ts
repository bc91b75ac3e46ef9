import { describe, expect, it } from "vitest";

import { ACTIONS } from "./index";
import { bindingFor, KEYMAP, keyOf } from "./keymap";

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
