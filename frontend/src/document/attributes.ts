/** What a label asks about its objects; the same rules as samweb/projects/attributes.py. Pure. */
import type { LabelRecord } from "./records";

export type AttributeValue = string | number | boolean;
export type AttributeType = "choice" | "number" | "text" | "boolean";

export interface Attribute {
  name: string;
  type: AttributeType;
  required?: boolean;
  default?: AttributeValue;
  options?: string[];
  min?: number;
  max?: number;
  step?: number;
  max_length?: number;
}

export interface AttributeSchema {
  attributes?: Attribute[];
}

type Values = Readonly<Record<string, unknown>>;

export const LONGEST_TEXT = 2_000;

export function attributesOf(label: LabelRecord | undefined): readonly Attribute[] {
  return label?.attribute_schema?.attributes ?? [];
}

/** Why a value does not fit, in words; null when it does. No value always fits. */
export function problemOf(attribute: Attribute, value: unknown): string | null {
  return value === null || value === undefined ? null : CHECKS[attribute.type](attribute, value);
}

const CHECKS: Record<AttributeType, (attribute: Attribute, value: unknown) => string | null> = {
  choice: ({ options = [] }, value) =>
    options.includes(value as string) ? null : `must be one of ${options.join(", ")}.`,
  number: inRange,
  text: ({ max_length = LONGEST_TEXT }, value) =>
    typeof value === "string" && value.length <= max_length
      ? null
      : `must be a text of at most ${max_length} characters.`,
  boolean: (_, value) => (typeof value === "boolean" ? null : "must be yes or no."),
};

function inRange({ min, max, step }: Attribute, value: unknown): string | null {
  if (typeof value !== "number" || !Number.isFinite(value)) return "must be a number.";
  if (min !== undefined && value < min) return `must be ${min} or more.`;
  if (max !== undefined && value > max) return `must be ${max} or less.`;
  if (step === undefined) return null;
  const steps = (value - (min ?? 0)) / step;
  return Math.abs(steps - Math.round(steps)) < 1e-6
    ? null
    : `must go in steps of ${step} from ${min ?? 0}.`;
}

const isBlank = (value: unknown) => value === undefined || value === null || value === "";

/** Names of required attributes without a value. */
export function missingIn(label: LabelRecord | undefined, values: Values): string[] {
  return attributesOf(label)
    .filter((attribute) => attribute.required && isBlank(values[attribute.name]))
    .map((attribute) => attribute.name);
}

/** The values, and the label's defaults for what is not among them. */
export function withDefaults(
  label: LabelRecord | undefined,
  values: Values,
): Record<string, unknown> {
  const filled: Record<string, unknown> = { ...values };
  for (const attribute of attributesOf(label)) {
    if (attribute.default !== undefined && !(attribute.name in filled)) {
      filled[attribute.name] = attribute.default;
    }
  }
  return filled;
}

/** Values that an older schema, or another label, left behind: kept, and shown as such. */
export function leftBehind(label: LabelRecord | undefined, values: Values): [string, string][] {
  const asked = new Set(attributesOf(label).map((attribute) => attribute.name));
  return Object.entries(values)
    .filter(([name, value]) => !asked.has(name) && !isBlank(value))
    .map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : `${value}`]);
}
