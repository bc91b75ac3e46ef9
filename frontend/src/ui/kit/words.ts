/** Numbers, sizes and times as people read them. Pure. */
const NUMBER = new Intl.NumberFormat("en");

export function count(n: number): string {
  return NUMBER.format(n);
}

/** `plural(1, "image")` is "1 image"; `plural(2, "image")` is "2 images". */
export function plural(n: number, noun: string, nouns = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : nouns}`;
}

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = n;
  let unit = "B";
  for (const next of units) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** "2 min left", "a few seconds left"; null when it cannot be told. */
export function timeLeft(seconds: number | null): string | null {
  if (seconds === null || !Number.isFinite(seconds) || seconds < 0) return null;
  if (seconds < 10) return "a few seconds left";
  if (seconds < 90) return `${Math.round(seconds / 5) * 5} s left`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min left`;
  return `${Math.round(seconds / 3600)} h left`;
}

export function ago(iso: string | null | undefined, now = Date.now()): string {
  if (!iso) return "never";
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) return "";
  if (seconds < 45) return "just now";
  if (seconds < 5400) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 14 * 86400) return `${Math.round(seconds / 86400)} days ago`;
  return new Date(iso).toLocaleDateString("en", { dateStyle: "medium" });
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  new: "New",
  in_work: "In work",
  submitted: "Submitted",
  in_review: "In review",
  returned: "Returned",
  accepted: "Accepted",
  skipped: "Skipped",
};

export function stateWord(state: string): string {
  return STATE_WORDS[state] ?? state;
}
