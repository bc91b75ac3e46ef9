/** What can be done to the mask of the selected object: tidying by rules, edges, order. */
import {
  BringToFront,
  CircleDot,
  Minus,
  PaintBucket,
  Plus,
  SendToBack,
  Sparkles,
  SquaresSubtract,
  Waves,
  type LucideIcon,
} from "lucide-react";

import { setRules } from "../../actions/tidying";
import { rulesOf } from "../../document/painted";
import type { AnnotationRecord } from "../../document/records";
import type { PostRules } from "../../masks/post";
import { useEditor, useRun, useTip } from "./context";

const RULES: readonly (readonly [keyof PostRules, string, string, LucideIcon])[] = [
  ["fill_holes", "Fill holes", "fill-holes", PaintBucket],
  ["min_area", "Remove specks", "remove-specks", Sparkles],
  ["smooth", "Smooth the edges", "smooth", Waves],
  ["largest_part", "Keep the largest part only", "largest-part", CircleDot],
];

const COMMANDS: readonly (readonly [string, string, LucideIcon])[] = [
  ["grow", "Grow by one pixel", Plus],
  ["shrink", "Shrink by one pixel", Minus],
  ["subtract", "Take its pixels from all others", SquaresSubtract],
  ["bring-to-front", "Bring to front", BringToFront],
  ["send-to-back", "Send to back", SendToBack],
];

export function MaskPanel({ annotation }: { annotation: AnnotationRecord }) {
  const editor = useEditor();
  const run = useRun();
  const tip = useTip();
  if (editor.locked()) return null;
  const rules = rulesOf(annotation.recipe);
  return (
    <div className="mask-panel" role="toolbar" aria-label="Mask of the selected object">
      {RULES.map(([rule, words, action, Icon]) => (
        <button
          key={rule}
          type="button"
          className="mini-button"
          data-on={Boolean(rules[rule])}
          aria-pressed={Boolean(rules[rule])}
          aria-label={words}
          title={tip(words, action)}
          onClick={() => run(action)}
        >
          <Icon className="icon" aria-hidden />
        </button>
      ))}
      {COMMANDS.map(([action, words, Icon]) => (
        <button
          key={action}
          type="button"
          className="mini-button"
          aria-label={words}
          title={tip(words, action)}
          onClick={() => run(action)}
        >
          <Icon className="icon" aria-hidden />
        </button>
      ))}
      <RuleNumber annotation={annotation} rules={rules} rule="min_area" words="Specks" />
      <RuleNumber annotation={annotation} rules={rules} rule="smooth" words="Smooth" />
    </div>
  );
}

interface RuleNumberProps {
  annotation: AnnotationRecord;
  rules: PostRules;
  rule: "min_area" | "smooth";
  words: string;
}

/** How much, of a rule that is on; at once, so that the hand sees what it does. */
function RuleNumber({ annotation, rules, rule, words }: RuleNumberProps) {
  const editor = useEditor();
  const value = rules[rule];
  if (typeof value !== "number" || value <= 0) return null;
  return (
    <label className="mask-number" title="in pixels">
      <span>{words}</span>
      <input
        className="input"
        type="number"
        min={1}
        max={rule === "smooth" ? 50 : 1_000_000}
        value={value}
        onChange={(event) => {
          const next = Number(event.target.value);
          if (next >= 1) setRules(editor, annotation, { ...rules, [rule]: next });
        }}
      />
    </label>
  );
}
