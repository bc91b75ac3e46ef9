import { describe, expect, it } from "vitest";

import type { BundleManifest } from "../decoder/bundle";
import type { DecodeAnswer, DecodePrompt } from "../decoder/protocol";
import { modelFrame } from "../geometry/spaces";
import { Prompter, type Taken } from "./prompter";

const SIDE = 16;
const manifest: BundleManifest = {
  tensors: [],
  graphs: {
    prepare: null,
    decode: { file: "d", sha256: "", bytes: 0 },
    decode_with_mask: { file: "m", sha256: "", bytes: 0 },
  },
  preprocess: { input_size: [64, 64] },
  low_res_size: [SIDE, SIDE],
  candidates: ["single", "part", "whole", "subpart"],
  single_candidate: 0,
  scored_clicks: 1,
  prompt_token_channels: 1,
  refine_size: 0,
};
const target = { key: "k", bundle: "b", manifest, frame: modelFrame(64, 64, 64) };

/** Every logit carries `mark`, so a test sees whose answer is shown. */
function answer(mark: number): DecodeAnswer {
  return {
    logits: new Float32Array(4 * SIDE * SIDE).fill(mark),
    iou_predictions: Float32Array.from([0.5, 0.6, 0.9, 0.7]),
    candidates: 4,
    height: SIDE,
    width: SIDE,
    ms: 1,
  };
}

function setUp() {
  const asked: {
    prompt: DecodePrompt;
    reply(mark: number): Promise<void>;
    fail(): Promise<void>;
  }[] = [];
  const prompter = new Prompter(
    (_, prompt) =>
      new Promise((resolve, reject) => {
        asked.push({
          prompt,
          reply: async (mark) => {
            resolve(answer(mark));
            await new Promise((done) => setTimeout(done));
          },
          fail: async () => {
            reject(new Error("out of memory"));
            await new Promise((done) => setTimeout(done));
          },
        });
      }),
  );
  prompter.setTarget(target);
  const shown = () => prompter.view.get().mask?.low.logits[0];
  return { prompter, asked, shown };
}

describe("prompter", () => {
  it("never paints an answer to an older question", async () => {
    const { prompter, asked, shown } = setUp();
    prompter.addPoint({ x: 10, y: 10 }, 1);
    prompter.addPoint({ x: 20, y: 20 }, 1);
    await asked[1]!.reply(2);
    await asked[0]!.reply(1);
    expect(shown()).toBe(2);
    expect(prompter.view.get().waiting).toBe(false);
  });

  it("drops what arrives after Esc or for another image", async () => {
    const { prompter, asked, shown } = setUp();
    prompter.addPoint({ x: 10, y: 10 }, 1);
    prompter.cancel();
    await asked[0]!.reply(1);
    expect(shown()).toBeUndefined();
    prompter.hover({ x: 5, y: 5 });
    prompter.setTarget({ ...target, key: "other" });
    await asked[1]!.reply(1);
    expect(shown()).toBeUndefined();
  });

  it("a ghost that was on its way when a click came stays away", async () => {
    const { prompter, asked, shown } = setUp();
    prompter.hover({ x: 5, y: 5 });
    prompter.addPoint({ x: 30, y: 30 }, 1);
    await asked[0]!.reply(7);
    expect(shown()).toBeUndefined();
    await asked[1]!.reply(8);
    expect(shown()).toBe(8);
  });

  it("hovers no faster than the decoder answers, and ends at the last place", async () => {
    const { prompter, asked } = setUp();
    for (let x = 1; x <= 9; x += 1) prompter.hover({ x, y: 1 });
    expect(asked).toHaveLength(1);
    await asked[0]!.reply(1);
    expect(asked).toHaveLength(2);
    expect(asked[1]!.prompt.coords[0]).toBeCloseTo(8.5);
    await asked[1]!.reply(1);
    expect(asked).toHaveLength(2);
  });

  it("a click on the ghost's own point needs no second decode", async () => {
    const { prompter, asked, shown } = setUp();
    prompter.hover({ x: 5, y: 5 });
    await asked[0]!.reply(3);
    prompter.addPoint({ x: 5, y: 5 }, 1);
    expect(asked).toHaveLength(1);
    expect(shown()).toBe(3);
    expect(prompter.view.get()).toMatchObject({ kind: "prompt", ambiguous: true, candidate: 2 });
  });

  it("a click where the ghost is still on its way waits for that answer", async () => {
    const { prompter, asked, shown } = setUp();
    prompter.hover({ x: 5, y: 5 });
    prompter.addPoint({ x: 5, y: 5 }, 1);
    expect(asked).toHaveLength(1);
    await asked[0]!.reply(4);
    expect(shown()).toBe(4);
    expect(prompter.view.get().kind).toBe("prompt");
    expect(asked).toHaveLength(1);
  });

  it("a click asks itself when the ghost it waited for fails", async () => {
    const { prompter, asked, shown } = setUp();
    prompter.hover({ x: 5, y: 5 });
    prompter.addPoint({ x: 5, y: 5 }, 1);
    await asked[0]!.fail();
    await asked[1]!.reply(6);
    expect(shown()).toBe(6);
  });

  it("feeds the chosen candidate's logits back into the second click", async () => {
    const { prompter, asked } = setUp();
    prompter.addPoint({ x: 10, y: 10 }, 1);
    await asked[0]!.reply(4);
    prompter.cycle(1);
    prompter.addPoint({ x: 20, y: 20 }, 0);
    expect(asked[1]!.prompt.maskInput?.[0]).toBe(4);
    await asked[1]!.reply(5);
    const taken = prompter.take()!;
    expect(taken.clicks).toBe(2);
    expect(taken.recipe.steps).toMatchObject([
      { feedback_from: null, candidate: 3, prompts: { points: [{ x: 10, y: 10, label: 1 }] } },
      { feedback_from: 0, candidate: 0, bundle: "b", view: "full" },
    ]);
    expect(prompter.isOpen).toBe(false);
  });

  it("takes clicks back one by one and brings them again", async () => {
    const { prompter, asked, shown } = setUp();
    prompter.addPoint({ x: 10, y: 10 }, 1);
    await asked[0]!.reply(1);
    prompter.addPoint({ x: 20, y: 20 }, 1);
    await asked[1]!.reply(2);
    prompter.undo();
    expect(shown()).toBe(1);
    prompter.redo();
    expect(shown()).toBe(2);
    prompter.undo();
    prompter.undo();
    expect(prompter.isOpen).toBe(false);
    expect(prompter.undo()).toBe(false);
  });

  it("keeps clicks made before the embedding is there", async () => {
    const { prompter, asked, shown } = setUp();
    prompter.setTarget(null);
    prompter.addPoint({ x: 10, y: 10 }, 1);
    expect(asked).toHaveLength(0);
    prompter.setTarget(target);
    await asked[0]!.reply(6);
    expect(shown()).toBe(6);
  });

  it("opens a recipe again, step by step and with its candidates", async () => {
    const { prompter, asked } = setUp();
    prompter.addPoint({ x: 10, y: 10 }, 1);
    await asked[0]!.reply(4);
    prompter.choose(3);
    prompter.addPoint({ x: 20, y: 20 }, 1);
    await asked[1]!.reply(5);
    const { recipe } = prompter.take()!;
    expect(prompter.reopen("a1", recipe)).toBe(true);
    await asked[2]!.reply(4);
    await asked[3]!.reply(5);
    expect(asked[3]!.prompt.maskInput?.[0]).toBe(4);
    expect(prompter.view.get()).toMatchObject({ reopened: "a1", waiting: false, candidate: 0 });
    expect(prompter.take()).toMatchObject({ reopened: "a1", recipe });
  });

  it("the third click corrects around itself, and a reopened recipe does so again", async () => {
    const { prompter, asked } = setUp();
    prompter.addPoint({ x: 10, y: 10 }, 1);
    await asked[0]!.reply(1);
    prompter.addPoint({ x: 20, y: 20 }, 1);
    await asked[1]!.reply(2);
    prompter.addPoint({ x: 2, y: 2 }, 0);
    await asked[2]!.reply(-5);
    const corner = () => prompter.view.get().mask!.low.logits;
    expect([corner()[0], corner()[SIDE * SIDE - 1]]).toEqual([-5, 2]);
    const taken = prompter.take()!;
    const { recipe } = taken;
    expect(recipe.steps.map((step) => "corrected" in step)).toEqual([false, false, true]);
    prompter.reopen("a1", recipe);
    await asked[3]!.reply(1);
    await asked[4]!.reply(2);
    await asked[5]!.reply(-5);
    expect([corner()[0], corner()[SIDE * SIDE - 1]]).toEqual([-5, 2]);
    expect(prompter.take()).toMatchObject({ recipe, runs: taken.runs });
  });

  it("a recipe from before clicks corrected is decoded as it was", async () => {
    const { prompter, asked } = setUp();
    for (const [x, label] of [
      [10, 1],
      [20, 1],
      [2, 0],
    ] as const) {
      prompter.addPoint({ x, y: x }, label);
      await asked.at(-1)!.reply(x);
    }
    const { recipe } = prompter.take()!;
    delete (recipe.steps[2] as { corrected?: true }).corrected;
    prompter.reopen("a1", recipe);
    for (const mark of [1, 2, -5]) await asked.at(-1)!.reply(mark);
    const { logits } = prompter.view.get().mask!.low;
    expect(new Set(logits)).toEqual(new Set([-5]));
  });

  it("says what went wrong and lets the next click try again", async () => {
    const { prompter, asked, shown } = setUp();
    prompter.addPoint({ x: 10, y: 10 }, 1);
    await asked[0]!.fail();
    expect(prompter.view.get().error).toBe("out of memory");
    prompter.addPoint({ x: 20, y: 20 }, 1);
    await asked[1]!.reply(2);
    expect(shown()).toBe(2);
    expect(prompter.view.get().error).toBeNull();
  });
});

describe("a second look at the edges", () => {
  function setUpRefining() {
    const looks: { answer(mark: number | null): Promise<void> }[] = [];
    const prompter = new Prompter(
      () => Promise.resolve(answer(1)),
      (_, low) =>
        new Promise((resolve) => {
          looks.push({
            answer: async (mark) => {
              resolve(mark === null ? null : { ...low, logits: low.logits.map(() => mark) });
              await settled();
            },
          });
        }),
    );
    prompter.setTarget(target);
    return { prompter, looks, shown: () => prompter.view.get().mask?.low.logits[0] };
  }
  const settled = () => new Promise((done) => setTimeout(done));

  it("replaces the decoded mask when it is there, and the recipe says so", async () => {
    const { prompter, looks, shown } = setUpRefining();
    prompter.addPoint({ x: 10, y: 10 }, 1);
    await settled();
    expect(shown()).toBe(1);
    await looks[0]!.answer(7);
    expect(shown()).toBe(7);
    expect(prompter.take()!.recipe.steps[0]).toMatchObject({ refined: true });
  });

  it("is in a mask that was accepted before it answered", async () => {
    const { prompter, looks } = setUpRefining();
    const taken: (Taken | null)[] = [];
    prompter.addPoint({ x: 10, y: 10 }, 1);
    await settled();
    prompter.whenFine(() => taken.push(prompter.take()));
    expect(taken).toEqual([]);
    await looks[0]!.answer(7);
    expect(taken[0]!.recipe.steps[0]).toMatchObject({ refined: true });
    expect(prompter.view.get().kind).toBe("none");
  });

  it("holds nobody up: the next move takes the mask as it is on screen", async () => {
    const { prompter, looks } = setUpRefining();
    const taken: (Taken | null)[] = [];
    prompter.addPoint({ x: 10, y: 10 }, 1);
    await settled();
    prompter.whenFine(() => taken.push(prompter.take()));
    prompter.settle();
    expect(taken[0]!.recipe.steps[0]).not.toHaveProperty("refined");
    await looks[0]!.answer(7);
    expect(taken).toHaveLength(1);
  });

  it("leaves nobody waiting when it fails or another image opens", async () => {
    const { prompter, looks } = setUpRefining();
    const taken: (Taken | null)[] = [];
    const take = () => taken.push(prompter.take());
    prompter.addPoint({ x: 10, y: 10 }, 1);
    await settled();
    prompter.whenFine(take);
    await looks[0]!.answer(null);
    expect(taken).toHaveLength(1);
    prompter.addPoint({ x: 30, y: 30 }, 1);
    await settled();
    prompter.whenFine(take);
    prompter.cancel();
    expect(taken).toHaveLength(2);
    expect(taken[1]!.recipe.steps).toHaveLength(1);
  });

  it("never paints an answer about the mask before", async () => {
    const { prompter, looks, shown } = setUpRefining();
    prompter.addPoint({ x: 10, y: 10 }, 1);
    await settled();
    prompter.addPoint({ x: 30, y: 10 }, 0);
    await settled();
    await looks[0]!.answer(7);
    expect(shown()).toBe(1);
    await looks[1]!.answer(8);
    expect(shown()).toBe(8);
  });

  it("feeds the decoded logits back, not the finer ones", async () => {
    const fed: (Float32Array | null)[] = [];
    const prompter = new Prompter(
      (_, prompt) => {
        fed.push(prompt.maskInput);
        return Promise.resolve(answer(1));
      },
      (_, low) => Promise.resolve({ ...low, logits: low.logits.map(() => 9) }),
    );
    prompter.setTarget(target);
    prompter.addPoint({ x: 10, y: 10 }, 1);
    await settled();
    prompter.addPoint({ x: 30, y: 10 }, 0);
    await settled();
    expect(fed[1]![0]).toBe(1);
  });
});
