/** The mask under the pointer: follows as fast as the decoder answers, and no faster. */
import type { Prompts } from "../document/recipe";
import type { Point } from "../geometry/spaces";
import type { DecodedStep } from "./chain";

/** Null when there is nothing to ask now: a prompt is open, or the image is not ready. */
type Ask = (point: Point) => Promise<DecodedStep | null> | null;

export class Ghost {
  private point: Point | null = null;
  private answer: { point: Point; decoded: DecodedStep } | null = null;
  private busy = false;
  private asked: { point: Point; answer: Promise<DecodedStep | null> } | null = null;
  private generation = 0;

  constructor(
    private readonly ask: Ask,
    private readonly changed: () => void,
  ) {}

  get decoded(): DecodedStep | null {
    return this.answer?.decoded ?? null;
  }

  /** The pointer is at `point` (image space), or has left. */
  follow(point: Point | null): void {
    this.point = point;
    if (!point && this.answer) {
      this.answer = null;
      this.changed();
    }
    this.update();
  }

  /** What is on its way is about something else by now. */
  outdate(): void {
    this.generation += 1;
  }

  clear(): void {
    this.answer = null;
    this.asked = null;
  }

  /** The answer for exactly this place, if it is there. */
  at(point: Point): DecodedStep | null {
    const { answer } = this;
    return answer && same(answer.point, point) ? answer.decoded : null;
  }

  /** The answer on its way to exactly this question: a click on the ghost need not ask again. */
  underWay({ points, boxes, scribbles }: Prompts): Promise<DecodedStep | null> | null {
    const [point, ...more] = points;
    const alone = point?.label === 1 && more.length + boxes.length + scribbles.length === 0;
    return alone && this.asked && same(this.asked.point, point) ? this.asked.answer : null;
  }

  update(): void {
    if (!this.busy && this.point) void this.decode(rounded(this.point));
  }

  private async decode(point: Point): Promise<void> {
    const { generation } = this;
    const asked = this.ask(point);
    if (!asked) return;
    this.busy = true;
    // A ghost that fails is no ghost; the click that follows will say what is wrong.
    const answer = asked.catch(() => null);
    this.asked = { point, answer };
    const decoded = await answer;
    this.busy = false;
    if (this.asked?.answer === answer) this.asked = null;
    const current = generation === this.generation;
    if (current && decoded && this.point) {
      this.answer = { point, decoded };
      this.changed();
    }
    if (!current || (this.point && !same(rounded(this.point), point))) this.update();
  }
}

const same = (a: Point, b: Point) => a.x === b.x && a.y === b.y;

/** Hundredths of a pixel, as recipes keep them. */
export const rounded = (p: Point): Point => ({ x: round2(p.x), y: round2(p.y) });
export const round2 = (value: number) => Math.round(value * 100) / 100;
