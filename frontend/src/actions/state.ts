/** What the editor knows and does not save: the open image, tool, selection, view. Signals only. */
import type { LabelRecord, PersonRef } from "../document/records";
import { EVERYTHING, type ObjectFilter } from "../document/search";
import type { PromptBox } from "../document/recipe";
import { Signal } from "../document/signal";
import type { Dab, Draft } from "../geometry/draft";
import type { Viewport } from "../geometry/spaces";
import type { Size } from "../geometry/viewport";
import type { ToolName } from "../tools";
import { PLAIN, type Look } from "./look";
import type {
  CommentRecord,
  ImageRecord,
  JobImageRecord,
  JobRecord,
  ProjectRecord,
} from "../sync/types";

export type Mode = "edit" | "review";
export type { ToolName };

export interface OpenImage {
  record: ImageRecord;
  /** Null while only the thumbnail is there. */
  picture: HTMLImageElement | null;
}

/** Whether the model can be used on the open image. */
export type Readiness =
  | { kind: "none" }
  | { kind: "loading" }
  | { kind: "waiting"; state: "queued" | "running" }
  | { kind: "ready" }
  | { kind: "failed"; message: string };

export interface Notice {
  text: string;
  tone: "plain" | "warn" | "bad";
}

export interface Appearance {
  masksVisible: boolean;
  opacity: number;
}

export class EditorState {
  readonly project = new Signal<ProjectRecord | null>(null);
  readonly job = new Signal<JobRecord | null>(null);
  /** Rows of the job, or of the free editor's project without a job behind them. */
  readonly strip = new Signal<readonly StripItem[]>([]);
  readonly image = new Signal<OpenImage | null>(null);
  /** The objects of the open image are there, those kept in the browser included. */
  readonly loaded = new Signal(false);
  readonly failure = new Signal<string | null>(null);
  readonly readiness = new Signal<Readiness>({ kind: "none" });
  readonly labels = new Signal<readonly LabelRecord[]>([]);
  readonly label = new Signal<string | null>(null);
  readonly comments = new Signal<readonly CommentRecord[]>([]);
  readonly tool = new Signal<ToolName>("point");
  readonly selected = new Signal<string | null>(null);
  /** Several selected objects: see `selection.ts` for when it counts. */
  readonly chosen = new Signal<ReadonlySet<string>>(new Set());
  /** Objects that neither pointer nor keys can change; this browser's choice, not saved. */
  readonly lockedObjects = new Signal<ReadonlySet<string>>(new Set());
  readonly filter = new Signal<ObjectFilter>(EVERYTHING);
  /** The search field of the labels is open. */
  readonly labelSearch = new Signal(false);
  readonly hovered = new Signal<string | null>(null);
  readonly hidden = new Signal<ReadonlySet<string>>(new Set());
  readonly viewport = new Signal<Viewport>({ scale: 1, x: 0, y: 0 });
  readonly screen = new Signal<Size>({ width: 0, height: 0 });
  readonly draftBox = new Signal<[number, number, number, number] | null>(null);
  /** Boxes whose masks are on their way. */
  readonly boxesWaiting = new Signal<readonly PromptBox[]>([]);
  readonly hotPoint = new Signal(-1);
  readonly draft = new Signal<Draft | null>(null);
  readonly brush = new Signal<Dab | null>(null);
  /** Diameter of brush and eraser in screen pixels. */
  readonly brushSize = new Signal(24);
  /** Polygons follow the picture's edges. */
  readonly magnetic = new Signal(false);
  /** What is drawn takes only pixels that no object has. */
  readonly onlyEmpty = new Signal(false);
  readonly pointer = new Signal<{ x: number; y: number } | null>(null);
  readonly look = new Signal<Look>(PLAIN);
  readonly appearance = new Signal<Appearance>({ masksVisible: true, opacity: 1 });
  /** Look at the edges of a prompt's mask a second time. */
  readonly refine = new Signal(true);
  readonly notice = new Signal<Notice | null>(null);
  /** A panel that asks for words: why an object or an image goes back. */
  readonly asking = new Signal<"reject-object" | "return-image" | "skip" | "comment" | null>(null);
}

export interface StripItem {
  image: ImageRecord;
  jobImage: JobImageRecord | null;
}

export const LOCKED_FOR_AUTHOR = new Set(["submitted", "in_review", "accepted"]);

export type Me = PersonRef;
