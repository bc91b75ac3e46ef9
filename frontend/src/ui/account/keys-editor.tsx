/** One's own keys: press Change, press the key. Whoever had it before is named first. */
import "./keys-editor.css";
import { useEffect, useState } from "react";
import { useMutation } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";

import {
  bindingsWith,
  holderOf,
  KEYMAP,
  keyOf,
  keyWords,
  ownKeys,
  RESERVED,
  withKey,
  type Binding,
  type OwnKeys,
} from "../../actions/keymap";
import { sync } from "../../sync";
import { useSignal } from "../data";
import { Button } from "../kit/button";
import { ErrorNote, Note } from "../kit/notes";

const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta", "CapsLock"]);

interface Wish {
  action: string;
  key: string;
}

export function KeysEditor() {
  const own = useSignal(ownKeys);
  const [asking, setAsking] = useState<string | null>(null);
  const [wish, setWish] = useState<Wish | null>(null);
  const save = useMutation({
    mutationFn: (keys: OwnKeys) => sync.server.accounts.changeMe({ preferences: { keys } }),
    onSuccess: (user) => sync.session.replaceUser(user),
  });
  const keep = (keys: OwnKeys) => {
    setWish(null);
    ownKeys.set(keys);
    save.mutate(keys);
  };
  useNextKey(asking, (key) => {
    setAsking(null);
    if (!asking || !key) return;
    const free = !RESERVED.has(key) && !holderOf(key, asking, own);
    if (free) keep(withKey(own, asking, key));
    else setWish({ action: asking, key });
  });
  const rows = bindingsWith(own).filter((binding) => binding.action !== "label");
  return (
    <section className="stack stack-tight">
      <div className="page-head">
        <h2>Keys of the editor</h2>
        {Object.keys(own).length > 0 && (
          <Button tone="quiet" icon={RotateCcw} onClick={() => keep({})}>
            All as they were
          </Button>
        )}
      </div>
      <ErrorNote error={save.error} what="The keys were not saved." />
      <ul className="plain-list keys-editor">
        {rows.map((binding) => (
          <KeyRow
            key={binding.action}
            binding={binding}
            asking={asking === binding.action}
            changed={binding.action in own}
            onAsk={() => {
              setWish(null);
              setAsking(asking === binding.action ? null : binding.action);
            }}
            onReset={() => keep(without(own, binding.action))}
          >
            {wish?.action === binding.action && <Taken wish={wish} own={own} onTake={keep} />}
          </KeyRow>
        ))}
      </ul>
    </section>
  );
}

/** Back to the table's keys; whoever took one of them gives it back. */
function without(own: OwnKeys, action: string): OwnKeys {
  const { [action]: _gone, ...rest } = own;
  const keys = KEYMAP.find((binding) => binding.action === action)?.keys ?? [];
  return Object.fromEntries(
    Object.entries(rest).map(([name, theirs]) => [name, theirs.filter((k) => !keys.includes(k))]),
  );
}

/** The next key pressed while somebody is asked; Escape answers null. */
function useNextKey(asking: string | null, done: (key: string | null) => void): void {
  useEffect(() => {
    if (!asking) return;
    const listen = (event: KeyboardEvent) => {
      if (MODIFIERS.has(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      done(event.key === "Escape" ? null : keyOf(event));
    };
    window.addEventListener("keydown", listen, { capture: true });
    return () => window.removeEventListener("keydown", listen, { capture: true });
  });
}

interface KeyRowProps {
  binding: Binding;
  asking: boolean;
  changed: boolean;
  onAsk(): void;
  onReset(): void;
  children: React.ReactNode;
}

function KeyRow({ binding, asking, changed, onAsk, onReset, children }: KeyRowProps) {
  const { title, keys, modes } = binding;
  return (
    <li className="keys-row" data-testid={`key-${binding.action}`}>
      <span className="grow">
        {title}
        {modes.length === 1 && <span className="muted"> · {modes[0]} only</span>}
      </span>
      <span className="row">
        {keys.map((key) => (
          <kbd key={key} className="kbd">
            {keyWords(key)}
          </kbd>
        ))}
        {keys.length === 0 && <span className="muted">no key</span>}
      </span>
      {changed && (
        <Button
          tone="quiet"
          icon={RotateCcw}
          title="As it was"
          aria-label={`The key of “${title}” as it was`}
          onClick={onReset}
        />
      )}
      <Button aria-label={`Change the key of “${title}”`} aria-pressed={asking} onClick={onAsk}>
        {asking ? "Press a key…" : "Change"}
      </Button>
      {children}
    </li>
  );
}

interface TakenProps {
  wish: Wish;
  own: OwnKeys;
  onTake(keys: OwnKeys): void;
}

function Taken({ wish, own, onTake }: TakenProps) {
  const holder = holderOf(wish.key, wish.action, own);
  const words = keyWords(wish.key);
  return (
    <div className="keys-taken" role="alert">
      {holder ? (
        <Note tone="warn">
          {words} is the key of “{holder.title}”.{" "}
          <Button onClick={() => onTake(withKey(own, wish.action, wish.key))}>
            Take it from there
          </Button>
        </Note>
      ) : (
        <Note tone="warn">{words === " " ? "Space" : words} belongs to the page itself.</Note>
      )}
    </div>
  );
}
