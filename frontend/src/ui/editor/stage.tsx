/** Where the picture is: hosts the canvas and the pointer, redraws when a signal changes. */
import { useEffect, useRef } from "react";

import { accept } from "../../actions/objects";
import { chosenIds } from "../../actions/selection";
import type { Editor } from "../../actions/editor";
import { CanvasView } from "../../canvas/canvas";
import { PixelLevels } from "../../canvas/pixels";
import type { Scene } from "../../canvas/scene";
import { pixelSizeOf } from "../../geometry/lengths";
import { PointerDesk } from "../../tools/pointer";
import { useEditor } from "./context";
import { LookFilter } from "./look-filter";
import {
  announceEditor,
  recordClick,
  recordGhost,
  recordOpening,
  recordPointer,
  recordShown,
} from "./hook";

interface StageProps {
  onDesk(desk: PointerDesk | null): void;
}

export function Stage({ onDesk }: StageProps) {
  const editor = useEditor();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const stage = mount(editor, element);
    onDesk(stage.desk);
    return () => {
      onDesk(null);
      stage.dispose();
    };
  }, [editor, onDesk]);
  return (
    <>
      <LookFilter />
      <div ref={host} className="stage" data-testid="editor-canvas" />
    </>
  );
}

function mount(editor: Editor, element: HTMLElement) {
  const { state } = editor;
  let levels: { picture: HTMLImageElement; levels: PixelLevels } | null = null;

  const pixels = (): PixelLevels | null => {
    const image = state.image.get();
    if (!image?.picture) return null;
    if (levels?.picture !== image.picture) {
      const { width, height } = image.record;
      levels = { picture: image.picture, levels: new PixelLevels(image.picture, width, height) };
    }
    return levels.levels;
  };
  editor.readPixels = (crop, width, height) => pixels()?.cut(crop, width, height) ?? null;
  const scene = (): Scene => ({
    pixels: pixels(),
    width: state.image.get()?.record.width ?? 0,
    height: state.image.get()?.record.height ?? 0,
    viewport: state.viewport.get(),
    annotations: editor.document.list(),
    colourOf: editor.colourOf,
    colourKey: `${state.look.get().colourBy} ${labelsTurn(editor)}`,
    hidden: state.hidden.get(),
    chosen: chosenIds(editor),
    hovered: state.hovered.get(),
    locked: editor.mode === "edit" && state.loaded.get() && editor.locked() !== null,
    masksVisible: state.appearance.get().masksVisible,
    opacity: state.appearance.get().opacity,
    wireframe: state.look.get().wireframe,
    minimap: state.look.get().minimap,
    rulers: state.look.get().rulers,
    grid: state.look.get().grid,
    pixelSize: pixelSizeOf(state.image.get()?.record.metadata ?? {}),
    prompt: editor.prompter.view.get(),
    promptColour: drawingColour(editor),
    draftBox: state.draftBox.get(),
    hotPoint: state.hotPoint.get(),
    boxesWaiting: state.boxesWaiting.get(),
    draft: state.draft.get(),
    proposals: editor.proposals.offered.get(),
    litProposals: editor.proposals.lit.get(),
    brush: state.brush.get(),
  });
  const view = new CanvasView(element, scene, (size) => {
    state.screen.set(size);
    // A picture that was fitted stays fitted when the window or a panel changes its size.
    if (editor.fitted) editor.fit();
  });
  const desk = makeDesk(editor, element);
  const leave = [...subscribe(editor, view, element), announceEditor(editor, element, view)];
  return {
    desk,
    dispose: () => {
      for (const stop of leave) stop();
      desk.dispose();
      view.dispose();
    },
  };
}

/** Counts the editions of the labels: each may have other colours. */
function labelsTurn(editor: Editor): number {
  const labels = editor.state.labels.get();
  if (labels !== turn.labels) turn = { labels, count: turn.count + 1 };
  return turn.count;
}

let turn: { labels: unknown; count: number } = { labels: null, count: 0 };

/** What is drawn onto a selected object has its colour, everything else that of the next one. */
function drawingColour(editor: Editor): string {
  const { draft, selected, label } = editor.state;
  const onto = draft.get() && editor.document.get(selected.get() ?? "");
  return onto ? editor.colourOf(onto) : editor.labelColour(label.get());
}

function makeDesk(editor: Editor, element: HTMLElement): PointerDesk {
  const { state } = editor;
  return new PointerDesk(element, {
    tool: () => editor.tools[state.tool.get()],
    viewport: state.viewport.get,
    setViewport: (viewport) => {
      editor.fitted = false;
      state.viewport.set(viewport);
    },
    imageSize: () => state.image.get()?.record ?? { width: 0, height: 0 },
    screenSize: state.screen.get,
    accept: () => accept(editor),
    cycle: (by) => editor.prompter.cycle(by),
    moveThreshold: (by) => editor.prompter.moveThreshold(by),
    setCursor: (cursor) => {
      element.style.cursor = cursor;
    },
    pointerMoved: (p_screen) => {
      const now = performance.now();
      editor.effort.touch(now);
      recordPointer(p_screen !== null, now);
      state.pointer.set(p_screen);
    },
  });
}

function subscribe(editor: Editor, view: CanvasView, element: HTMLElement): (() => void)[] {
  const { state, prompter } = editor;
  const all = () => view.invalidate("all");
  const base = () => view.invalidate("base");
  const cursor = () => {
    element.style.cursor = editor.tools[state.tool.get()].cursor;
  };
  cursor();
  let reopened: string | null = null;
  const theme = new MutationObserver(() => view.themeChanged());
  theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return [
    () => theme.disconnect(),
    state.image.subscribe(() => {
      all();
      if (!state.image.get()?.picture) recordOpening();
      else view.oncePainted(() => recordShown(performance.now()));
    }),
    state.viewport.subscribe(all),
    state.labels.subscribe(all),
    state.label.subscribe(() => view.invalidate("overlay")),
    state.draftBox.subscribe(() => view.invalidate("overlay")),
    state.hotPoint.subscribe(() => view.invalidate("overlay")),
    state.boxesWaiting.subscribe(() => view.invalidate("overlay")),
    state.draft.subscribe(() => view.invalidate("overlay")),
    state.brush.subscribe(() => view.invalidate("overlay")),
    state.selected.subscribe(base),
    state.chosen.subscribe(base),
    state.look.subscribe(all),
    state.hovered.subscribe(base),
    state.hidden.subscribe(base),
    state.appearance.subscribe(base),
    state.strip.subscribe(base),
    state.tool.subscribe(cursor),
    editor.document.subscribe(base),
    editor.proposals.offered.subscribe(all),
    editor.proposals.lit.subscribe(() => view.invalidate("overlay")),
    prompter.view.subscribe(() => {
      const now = prompter.view.get();
      view.invalidate(now.reopened === reopened ? "overlay" : "all");
      reopened = now.reopened;
      if (now.kind === "hover") view.oncePainted(() => recordGhost(performance.now()));
      const pressedAt = editor.pressedAt;
      if (pressedAt !== null && now.kind === "prompt" && now.mask && !now.waiting) {
        editor.pressedAt = null;
        view.oncePainted(() => recordClick(performance.now() - pressedAt));
      }
    }),
  ];
}
