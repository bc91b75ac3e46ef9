/** Search and filter above the list of objects. */
import { ListFilter, X } from "lucide-react";
import { useState } from "react";

import { EVERYTHING, isNarrow, type ObjectFilter, type ObjectState } from "../../document/search";
import { useSignal } from "../data";
import { useAnnotations, useEditor } from "./context";

const STATES: readonly (readonly [ObjectState, string])[] = [
  ["incomplete", "lacks an answer"],
  ["unjudged", "not reviewed"],
  ["accepted", "accepted"],
  ["rejected", "rejected"],
];

export function ObjectFilterBar() {
  const { state } = useEditor();
  const filter = useSignal(state.filter);
  const [open, setOpen] = useState(false);
  const narrow = isNarrow({ ...filter, words: "" });
  const set = (change: Partial<ObjectFilter>) => state.filter.set({ ...filter, ...change });
  return (
    <div className="object-filter">
      <div className="object-search">
        <input
          className="input"
          type="search"
          placeholder="Label, attribute, author, #number"
          aria-label="Search the objects"
          value={filter.words}
          onChange={(event) => set({ words: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === "Escape") set({ words: "" });
            if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
          }}
        />
        {isNarrow(filter) && (
          <button
            type="button"
            className="mini-button"
            title="Show all objects"
            aria-label="Show all objects"
            onClick={() => state.filter.set(EVERYTHING)}
          >
            <X className="icon" aria-hidden />
          </button>
        )}
        <button
          type="button"
          className="mini-button"
          title="Filter the objects"
          aria-label="Filter the objects"
          aria-expanded={open}
          data-on={narrow}
          onClick={() => setOpen(!open)}
        >
          <ListFilter className="icon" aria-hidden />
        </button>
      </div>
      {open && <Filters filter={filter} set={set} />}
    </div>
  );
}

interface FiltersProps {
  filter: ObjectFilter;
  set(change: Partial<ObjectFilter>): void;
}

function Filters({ filter, set }: FiltersProps) {
  const { state } = useEditor();
  const labels = useSignal(state.labels);
  const authors = new Map(useAnnotations().map(({ author }) => [author?.id, author?.name]));
  return (
    <div className="object-filters">
      <Pick
        words="any label"
        name="Label"
        value={filter.label}
        options={labels.map((label) => [label.id, label.name])}
        onPick={(label) => set({ label })}
      />
      <Pick
        words="any state"
        name="State"
        value={filter.state}
        options={STATES}
        onPick={(value) => set({ state: value as ObjectState | null })}
      />
      <Pick
        words="any author"
        name="Author"
        value={filter.author}
        options={[...authors].flatMap(([id, name]) => (id ? [[id, name ?? id] as const] : []))}
        onPick={(author) => set({ author })}
      />
      <Pick
        words="shown or hidden"
        name="Visibility"
        value={asWord(filter.hidden)}
        options={[
          ["yes", "hidden"],
          ["no", "shown"],
        ]}
        onPick={(value) => set({ hidden: asFlag(value) })}
      />
      <Pick
        words="locked or not"
        name="Lock"
        value={asWord(filter.locked)}
        options={[
          ["yes", "locked"],
          ["no", "not locked"],
        ]}
        onPick={(value) => set({ locked: asFlag(value) })}
      />
    </div>
  );
}

const asWord = (flag: boolean | null) => (flag === null ? null : flag ? "yes" : "no");
const asFlag = (word: string | null) => (word === null ? null : word === "yes");

interface PickProps {
  name: string;
  /** What stands there while nothing is picked. */
  words: string;
  value: string | null;
  options: readonly (readonly [string, string])[];
  onPick(value: string | null): void;
}

function Pick({ name, words, value, options, onPick }: PickProps) {
  return (
    <select
      className="input"
      aria-label={`${name} of the objects shown`}
      data-on={value !== null}
      value={value ?? ""}
      onChange={(event) => onPick(event.target.value || null)}
    >
      <option value="">{words}</option>
      {options.map(([key, word]) => (
        <option key={key} value={key}>
          {word}
        </option>
      ))}
    </select>
  );
}
