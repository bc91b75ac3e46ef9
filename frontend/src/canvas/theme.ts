/** The canvas uses the same tokens as the panels (ui/tokens.css). */
export interface CanvasTheme {
  ground: string;
  panel: string;
  muted: string;
  line: string;
  accent: string;
  positive: string;
  negative: string;
}

export function readTheme(element: Element): CanvasTheme {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    ground: token("--canvas-ground") || "#0a0c10",
    panel: token("--panel") || "#171a21",
    muted: token("--muted") || "#98a2b3",
    line: token("--line-strong") || "#3a4252",
    accent: token("--accent") || "#5b8cff",
    positive: token("--point-positive") || "#35c98f",
    negative: token("--point-negative") || "#ff6161",
  };
}
