/**
 * Many boxes, many masks: each box drawn with Ctrl is decoded in its turn and becomes an object by
 * itself, while the hand draws the next one.
 */
import type { PromptBox } from "../document/recipe";
import type { PromptTarget, Taken } from "../prompting/prompter";
import { Prompter } from "../prompting/prompter";
import type { Editor } from "./editor";
import { addTaken } from "./objects";
import { makeRefine } from "./refining";

interface Waiting {
  box: PromptBox;
  target: PromptTarget;
  image: string;
  label: string | null;
}

export class BoxQueue {
  private readonly waiting: Waiting[] = [];
  private running = false;

  constructor(private readonly editor: Editor) {}

  add(box: PromptBox): void {
    const { editor } = this;
    const target = editor.prompter.target;
    const image = editor.imageId;
    if (!image || !target) {
      return editor.say("The model is not ready for this image yet.", "warn");
    }
    this.waiting.push({ box, target, image, label: editor.state.label.get() });
    this.show();
    if (!this.running) void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    try {
      for (let next = this.waiting[0]; next; next = this.waiting[0]) {
        const taken = await this.maskOf(next).catch(() => null);
        this.waiting.shift();
        this.show();
        // The image was left meanwhile: its objects are not on screen any more.
        if (next.image !== this.editor.imageId) continue;
        if (!taken) this.editor.say("The model gave no mask for that box.", "warn");
        else addTaken(this.editor, taken, next.label);
      }
    } finally {
      this.running = false;
    }
  }

  private async maskOf({ box, target }: Waiting): Promise<Taken | null> {
    const { decoder, state } = this.editor;
    const prompter = new Prompter(
      (key, prompt) => decoder.decodeInTurn(key, prompt),
      makeRefine(decoder, (...cut) => this.editor.readPixels(...cut), state.refine.get),
    );
    prompter.setTarget(target);
    prompter.setBox(box);
    await new Promise<void>((resolve) => {
      const look = () => !prompter.view.get().waiting && resolve();
      prompter.view.subscribe(look);
      look();
    });
    await new Promise<void>((resolve) => prompter.whenFine(resolve));
    return prompter.take();
  }

  private show(): void {
    this.editor.state.boxesWaiting.set(this.waiting.map(({ box }) => box));
  }
}
