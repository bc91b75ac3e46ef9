/**
 * Which object lies above which. Keys are compared as text: those sent to the back begin with "b",
 * those brought to the front with "n", and all that nobody moved stand between.
 */
import type { AnnotationRecord } from "./records";

const UNMOVED = "m";
const DIGITS = 9;
const MOST = 10 ** DIGITS - 1;

export const stackKey = ({ order_key }: Pick<AnnotationRecord, "order_key">): string =>
  order_key || UNMOVED;

/** From the lowest to the topmost; where nobody said, smaller objects lie on larger ones. */
export function byStacking(a: AnnotationRecord, b: AnnotationRecord): number {
  const [x, y] = [stackKey(a), stackKey(b)];
  return x === y ? b.mask.area - a.mask.area : x < y ? -1 : 1;
}

/** A key above all others. */
export function front(all: readonly AnnotationRecord[]): string {
  const used = numbers(all, "n");
  return `n${digits(used.length > 0 ? Math.max(...used) + 1 : 1)}`;
}

/** A key below all others. */
export function back(all: readonly AnnotationRecord[]): string {
  const used = numbers(all, "b");
  return `b${digits(used.length > 0 ? Math.min(...used) - 1 : MOST)}`;
}

function numbers(all: readonly AnnotationRecord[], letter: string): number[] {
  return all
    .map(({ order_key }) => order_key)
    .filter((key) => key.length === DIGITS + 1 && key.startsWith(letter))
    .map((key) => Number(key.slice(1)))
    .filter(Number.isFinite);
}

const digits = (value: number) => String(value).padStart(DIGITS, "0");
