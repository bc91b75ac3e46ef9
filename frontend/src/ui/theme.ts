/** Dark unless the user chose otherwise; kept in the browser so that the first paint is right. */
export type Theme = "dark" | "light" | "system";

const KEY = "samweb-theme";
export const THEMES: readonly (readonly [Theme, string])[] = [
  ["dark", "Dark"],
  ["light", "Light"],
  ["system", "As the system"],
];

export function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === "light" || stored === "system" ? stored : "dark";
}

export function applyTheme(theme: Theme): void {
  const light =
    theme === "light" ||
    (theme === "system" && window.matchMedia("(prefers-color-scheme: light)").matches);
  document.documentElement.dataset["theme"] = light ? "light" : "dark";
  localStorage.setItem(KEY, theme);
}

export function asTheme(value: unknown): Theme {
  return value === "light" || value === "system" ? value : "dark";
}
