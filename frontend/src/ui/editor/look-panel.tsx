/** How picture and masks are looked at: sliders and choices beside the rail. */
import { RotateCcw, SunMedium } from "lucide-react";
import { useEffect, useState } from "react";

import { PLAIN, type Channel, type ColourBy, type Look } from "../../actions/look";
import { useSignal } from "../data";
import { Button } from "../kit/button";
import { useEditor } from "./context";

const CHANNELS: readonly (readonly [Channel, string])[] = [
  ["all", "All"],
  ["red", "R"],
  ["green", "G"],
  ["blue", "B"],
];
const COLOURS: readonly (readonly [ColourBy, string])[] = [
  ["label", "Label"],
  ["object", "Object"],
  ["confidence", "Confidence"],
];

export function LookButton() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className="rail-button"
        title="Brightness, colours, rulers"
        aria-label="Brightness, colours, rulers"
        aria-expanded={open}
        aria-pressed={open}
        onClick={() => setOpen(!open)}
      >
        <SunMedium className="icon" aria-hidden />
      </button>
      {open && <LookPanel onClose={() => setOpen(false)} />}
    </>
  );
}

function LookPanel({ onClose }: { onClose(): void }) {
  const { state } = useEditor();
  const look = useSignal(state.look);
  const set = (change: Partial<Look>) => state.look.set({ ...look, ...change });
  useEffect(() => {
    const leave = (event: KeyboardEvent) => event.key === "Escape" && onClose();
    window.addEventListener("keydown", leave);
    return () => window.removeEventListener("keydown", leave);
  }, [onClose]);
  return (
    <section className="look-panel" aria-label="How it is looked at">
      <Slider
        words="Brightness"
        value={look.brightness}
        range={[-1, 1]}
        onChange={(brightness) => set({ brightness })}
      />
      <Slider
        words="Contrast"
        value={look.contrast}
        range={[-1, 1]}
        onChange={(contrast) => set({ contrast })}
      />
      <Slider
        words="Gamma"
        value={look.gamma}
        range={[0.2, 4]}
        onChange={(gamma) => set({ gamma })}
      />
      <Radio
        words="Channel"
        options={CHANNELS}
        value={look.channel}
        onChange={(channel) => set({ channel })}
      />
      <Check words="Invert" on={look.invert} onChange={(invert) => set({ invert })} />
      <hr />
      <Radio
        words="Colour by"
        options={COLOURS}
        value={look.colourBy}
        onChange={(colourBy) => set({ colourBy })}
      />
      <Check
        words="Outlines only (W)"
        on={look.wireframe}
        onChange={(wireframe) => set({ wireframe })}
      />
      <hr />
      <Check
        words="Map of the picture"
        on={look.minimap}
        onChange={(minimap) => set({ minimap })}
      />
      <Check words="Rulers and scale bar" on={look.rulers} onChange={(rulers) => set({ rulers })} />
      <Check words="Pixel grid from 8x" on={look.grid} onChange={(grid) => set({ grid })} />
      <Button tone="quiet" icon={RotateCcw} onClick={() => state.look.set(PLAIN)}>
        As it is
      </Button>
    </section>
  );
}

interface SliderProps {
  words: string;
  value: number;
  range: readonly [number, number];
  onChange(value: number): void;
}

function Slider({ words, value, range, onChange }: SliderProps) {
  return (
    <label className="look-row">
      <span>{words}</span>
      <input
        type="range"
        min={range[0]}
        max={range[1]}
        step={0.05}
        value={value}
        onChange={(event) => onChange(Number(event.target.value))}
      />
      <output>{value.toFixed(2)}</output>
    </label>
  );
}

interface RadioProps<T extends string> {
  words: string;
  options: readonly (readonly [T, string])[];
  value: T;
  onChange(value: T): void;
}

function Radio<T extends string>({ words, options, value, onChange }: RadioProps<T>) {
  return (
    <div className="look-row" role="radiogroup" aria-label={words}>
      <span>{words}</span>
      <span className="look-choice">
        {options.map(([key, word]) => (
          <button
            key={key}
            type="button"
            role="radio"
            aria-checked={key === value}
            onClick={() => onChange(key)}
          >
            {word}
          </button>
        ))}
      </span>
    </div>
  );
}

interface CheckProps {
  words: string;
  on: boolean;
  onChange(on: boolean): void;
}

function Check({ words, on, onChange }: CheckProps) {
  return (
    <label className="look-check">
      <input type="checkbox" checked={on} onChange={(event) => onChange(event.target.checked)} />
      {words}
    </label>
  );
}
