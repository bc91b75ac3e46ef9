import type { Export } from "../../sync/api";

/** A value of the report in words; null when it says nothing. */
export function inWords(value: unknown): string | null {
  if (value === null || value === undefined || value === "" || value === 0) return null;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(inWords).filter(Boolean).join(" ") || null;
  if (typeof value === "object") {
    const parts = Object.entries(value).map(([key, one]) => `${key} ${inWords(one) ?? 0}`);
    return parts.join(" · ") || null;
  }
  return String(value);
}

/** What went in, what was left out and by which rule, in the exporter's own words. */
export function Report({ report }: { report: Export["report"] }) {
  const rows = Object.entries(report ?? {}).flatMap(([key, value]) => {
    const words = key === "error" ? null : inWords(value);
    return words === null ? [] : [[key.replaceAll("_", " "), words] as const];
  });
  if (rows.length === 0) return null;
  return (
    <details className="report">
      <summary>Report</summary>
      <dl>
        {rows.map(([key, words]) => (
          <div key={key}>
            <dt className="muted">{key}</dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
