interface BarProps {
  done: number;
  total: number;
  tone?: "good" | "bad";
  label: string;
}

export function Bar({ done, total, tone, label }: BarProps) {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  return (
    <div
      className={tone ? `bar bar-${tone}` : "bar"}
      role="progressbar"
      aria-label={label}
      aria-valuenow={Math.round(share * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span style={{ width: `${share * 100}%` }} />
    </div>
  );
}
