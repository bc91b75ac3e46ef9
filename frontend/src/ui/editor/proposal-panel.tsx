/** What the proposals tool has to say: progress with cancel while they are made, then the filter. */
import { LoaderCircle, X } from "lucide-react";

import { ALL_PROPOSALS, type ProposalFilter } from "../../document/proposals";
import { useSignal } from "../data";
import { Button } from "../kit/button";
import { Bar } from "../kit/progress";
import { timeLeft } from "../kit/words";
import { useEditor, useRun, useTip } from "./context";
import { percent } from "./words";

export function ProposalPanel() {
  const editor = useEditor();
  const run = useRun();
  const tip = useTip();
  const state = useSignal(editor.proposals.state);
  if (state.kind === "closed") return null;
  return (
    <section className="proposal-panel" aria-label="Proposals" data-testid="proposal-panel">
      <Inside />
      <Button
        tone="quiet"
        icon={X}
        aria-label={tip("Leave the proposals", "tool-proposal")}
        title={tip("Leave the proposals", "tool-proposal")}
        onClick={() => run("tool-proposal")}
      />
    </section>
  );
}

function Inside() {
  const { proposals } = useEditor();
  const state = useSignal(proposals.state);
  switch (state.kind) {
    case "closed":
      return null;
    case "loading":
      return <Spinning words="Fetching what was proposed." />;
    case "running":
      return (
        <>
          {state.total > 0 ? (
            <>
              <span>Looking for objects</span>
              <Bar done={state.done} total={state.total} label="Looking for objects" />
              <span className="muted tabular">
                {percent(state.done / state.total)}
                {state.left !== null && `, ${timeLeft(state.left) ?? ""}`}
              </span>
            </>
          ) : (
            <Spinning words="A worker will look for objects in this picture." />
          )}
          <Button busy={state.cancelling} onClick={() => void proposals.cancel()}>
            Cancel
          </Button>
        </>
      );
    case "failed":
    case "none":
      return (
        <>
          <span role={state.kind === "failed" ? "alert" : "status"}>{state.message}</span>
          <Button onClick={() => void proposals.open()}>
            {state.kind === "failed" ? "Try again" : "Look for objects"}
          </Button>
        </>
      );
    case "ready":
      return <Filters total={state.set.masks.length} />;
  }
}

function Spinning({ words }: { words: string }) {
  return (
    <span role="status" className="row">
      <LoaderCircle className="icon spin" aria-hidden />
      {words}
    </span>
  );
}

function Filters({ total }: { total: number }) {
  const { proposals } = useEditor();
  const filter = useSignal(proposals.filter);
  const shown = useSignal(proposals.offered);
  const set = (change: Partial<ProposalFilter>) => proposals.filter.set({ ...filter, ...change });
  const plain = Object.entries(ALL_PROPOSALS).every(
    ([name, value]) => filter[name as keyof ProposalFilter] === value,
  );
  return (
    <>
      <span className="tabular" data-testid="proposal-count" data-shown={shown.length}>
        {total === 0 ? "Nothing was found" : `${shown.length} of ${total}`}
      </span>
      <Slider
        words="Confidence"
        value={filter.confidence}
        range={[0, 1, 0.01]}
        said={percent(filter.confidence)}
        onChange={(confidence) => set({ confidence })}
      />
      <Slider
        words="Smallest"
        value={filter.smallest}
        range={[-5, 0, 0.1]}
        said={share(filter.smallest)}
        onChange={(smallest) => set({ smallest, largest: Math.max(smallest, filter.largest) })}
      />
      <Slider
        words="Largest"
        value={filter.largest}
        range={[-5, 0, 0.1]}
        said={share(filter.largest)}
        onChange={(largest) => set({ largest, smallest: Math.min(largest, filter.smallest) })}
      />
      <Button
        tone="quiet"
        disabled={plain}
        title="Show all proposals again"
        onClick={() => proposals.filter.set(ALL_PROPOSALS)}
      >
        All
      </Button>
    </>
  );
}

/** A share of the picture in words that stay short: 10 %, 0.03 %. */
function share(exponent: number): string {
  return `${Number((100 * 10 ** exponent).toPrecision(1))} %`;
}

interface SliderProps {
  words: string;
  value: number;
  /** Least, most, step. */
  range: readonly [number, number, number];
  said: string;
  onChange(value: number): void;
}

function Slider({ words, value, range: [min, max, step], said, onChange }: SliderProps) {
  return (
    <label className="proposal-slider">
      <span>{words}</span>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        onChange={(event) => onChange(Number(event.target.value))}
      />
      <span className="muted tabular">{said}</span>
    </label>
  );
}
