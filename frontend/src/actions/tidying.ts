/** Clean-up of the selected objects: rules that are a step of the recipe, and growing by pixels. */
import { madeOf, rulesOf, withPaint, withRules } from "../document/painted";
import { maskOf, type AnnotationRecord } from "../document/records";
import { runsOf } from "../masks/decoded";
import { grown, shrunk } from "../masks/morphology";
import type { PostRules } from "../masks/post";
import { combineRuns, emptyRuns } from "../masks/sets";
import type { Editor } from "./editor";
import { freePixels } from "./overlap";
import { changeable } from "./selection";

/** What a rule is set to by its command when it was off. */
export const USUAL: Readonly<Required<PostRules>> = {
  min_area: 64,
  fill_holes: true,
  smooth: 2,
  largest_part: true,
};

/** Sets rules of an object anew: tidied again from what it was before any tidying. */
export function setRules(editor: Editor, annotation: AnnotationRecord, rules: PostRules): void {
  changeAll(editor, [annotation], () => rules);
}

/** Turns one rule on for the selected objects, or off where all of them have it. */
export function toggleRule(editor: Editor, rule: keyof PostRules): void {
  const chosen = changeable(editor);
  if (chosen.length === 0) return editor.say("Select an object first.");
  const on = chosen.every((one) => rulesOf(one.recipe)[rule]);
  changeAll(editor, chosen, (before) => {
    const { [rule]: _off, ...others } = before;
    return on ? others : { ...others, [rule]: USUAL[rule] };
  });
}

function changeAll(
  editor: Editor,
  chosen: readonly AnnotationRecord[],
  rules: (before: PostRules) => PostRules,
): void {
  const updated = chosen.map((before): [AnnotationRecord, AnnotationRecord] => {
    const { size } = before.mask;
    const made = madeOf(before.mask, before.recipe);
    const { runs, recipe } = withRules(made, rules(rulesOf(before.recipe)), size);
    return [before, { ...before, mask: maskOf(runs, size), recipe }];
  });
  // A mask that would be tidied away altogether stays as it is.
  const kept = updated.filter(([, after]) => after.mask.area > 0);
  if (kept.length > 0) editor.document.apply({ added: [], updated: kept, removed: [] }, "local");
}

/** Moves the edges of the selected objects by one pixel. */
export function moveEdges(editor: Editor, outwards: boolean): void {
  const chosen = changeable(editor);
  if (chosen.length === 0) return editor.say("Select an object first.");
  const updated = chosen.flatMap((before): [AnnotationRecord, AnnotationRecord][] => {
    const { size } = before.mask;
    const was = runsOf(before.mask);
    const is = outwards ? grown(was, size) : shrunk(was, size);
    const add = freePixels(editor, combineRuns(is, was, "subtract"), size, before.id);
    const remove = combineRuns(was, is, "subtract");
    const painted = outwards ? { add, remove: emptyRuns(size) } : { add: emptyRuns(size), remove };
    const { runs, recipe } = withPaint(madeOf(before.mask, before.recipe), painted, size);
    const mask = maskOf(runs, size);
    return mask.area > 0 ? [[before, { ...before, mask, recipe }]] : [];
  });
  if (updated.length === 0) return editor.say("Nothing would be left of it.", "warn");
  editor.document.apply({ added: [], updated, removed: [] }, "local");
}
