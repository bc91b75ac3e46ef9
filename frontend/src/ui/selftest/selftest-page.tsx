/** /selftest: what this browser can do for samweb, in plain words. Works signed in and signed out. */
import "./selftest.css";
import { useEffect, useState } from "react";
import {
  CircleCheck,
  CircleMinus,
  CircleX,
  LoaderCircle,
  RotateCcw,
  TriangleAlert,
  type LucideIcon,
} from "lucide-react";

import { Button, LinkButton } from "../kit/button";
import { CHECKS, type Finding, type Outcome } from "./checks";

const ICONS: Record<Outcome, LucideIcon> = {
  good: CircleCheck,
  warn: TriangleAlert,
  bad: CircleX,
  skip: CircleMinus,
};

const SUMMARY: Record<Outcome, string> = {
  good: "Everything is there.",
  skip: "Everything that was tested is there.",
  warn: "samweb works here. What is marked costs speed or safety.",
  bad: "Something samweb needs is missing here.",
};

export function SelfTestPage() {
  const [turn, setTurn] = useState(0);
  const findings = useFindings(turn);
  const done = CHECKS.every((check) => findings[check.name]);
  const worst = (["bad", "warn", "skip", "good"] as const).find((outcome) =>
    Object.values(findings).some((finding) => finding.outcome === outcome),
  );
  return (
    <main className="selftest">
      <h1>Self-test</h1>
      <p role="status" data-testid="selftest-summary" data-outcome={done ? worst : "running"}>
        {done && worst ? SUMMARY[worst] : "Looking…"}
      </p>
      <ul className="plain-list">
        {CHECKS.map((check) => (
          <Row key={check.name} name={check.name} title={check.title} {...findings[check.name]} />
        ))}
      </ul>
      <div className="row">
        <Button icon={RotateCcw} disabled={!done} onClick={() => setTurn(turn + 1)}>
          Test again
        </Button>
        <LinkButton tone="quiet" href="/">
          Back to samweb
        </LinkButton>
      </div>
      <p className="muted selftest-agent">{navigator.userAgent}</p>
    </main>
  );
}

function useFindings(turn: number): Readonly<Record<string, Finding>> {
  const [found, setFound] = useState<{ turn: number; by: Record<string, Finding> }>({
    turn,
    by: {},
  });
  useEffect(() => {
    let left = false;
    const keep = (name: string, finding: Finding) => {
      if (left) return;
      setFound((before) => ({
        turn,
        by: { ...(before.turn === turn ? before.by : {}), [name]: finding },
      }));
    };
    for (const check of CHECKS) {
      check.run().then(
        (finding) => keep(check.name, finding),
        (error: unknown) =>
          keep(check.name, { outcome: "bad", words: `The test itself failed: ${String(error)}` }),
      );
    }
    return () => {
      left = true;
    };
  }, [turn]);
  return found.turn === turn ? found.by : {};
}

interface RowProps extends Partial<Finding> {
  name: string;
  title: string;
}

function Row({ name, title, outcome, words }: RowProps) {
  const Icon = outcome ? ICONS[outcome] : LoaderCircle;
  return (
    <li
      className="selftest-row"
      data-testid={`selftest-${name}`}
      data-outcome={outcome ?? "running"}
    >
      <Icon className={outcome ? "icon" : "icon spin"} aria-label={outcome ?? "running"} />
      <strong>{title}</strong>
      <span>{words ?? "…"}</span>
    </li>
  );
}
