import {
  Brush,
  Crosshair,
  Eraser,
  Eye,
  EyeOff,
  Magnet,
  Maximize,
  MousePointer2,
  Pentagon,
  Redo2,
  Scissors,
  Ruler,
  ScanSearch,
  Spline,
  SquareDashed,
  SquareDashedMousePointer,
  Trash2,
  Undo2,
  type LucideIcon,
} from "lucide-react";
import { useSyncExternalStore } from "react";

import { useSignal } from "../data";
import { useEditor, useRun, useTip } from "./context";
import { CommentsButton } from "./comments";
import { LookButton } from "./look-panel";

interface RailButtonProps {
  icon: LucideIcon;
  words: string;
  action: string;
  pressed?: boolean;
  disabled?: boolean;
}

function RailButton({ icon: Icon, words, action, pressed, disabled }: RailButtonProps) {
  const run = useRun();
  const tip = useTip()(words, action);
  return (
    <button
      type="button"
      className="rail-button"
      title={tip}
      aria-label={tip}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={() => run(action)}
    >
      <Icon className="icon" aria-hidden />
    </button>
  );
}

/** Changes whenever undo or redo might have become possible. */
function useHistory() {
  const editor = useEditor();
  useSignal(editor.prompter.view);
  const of = (can: () => boolean) => () => can();
  const subscribe = (listener: () => void) => editor.document.subscribe(listener);
  const undo = useSyncExternalStore(subscribe, of(editor.history.canUndo));
  const redo = useSyncExternalStore(subscribe, of(editor.history.canRedo));
  return { undo: undo || editor.prompter.isOpen, redo };
}

export function ToolRail() {
  const { state } = useEditor();
  const tool = useSignal(state.tool);
  const { masksVisible, opacity } = useSignal(state.appearance);
  const refine = useSignal(state.refine);
  const magnetic = useSignal(state.magnetic);
  const { undo, redo } = useHistory();
  return (
    <div
      className="editor-rail"
      role="toolbar"
      aria-label="Tools"
      onMouseDown={(event) => event.preventDefault()}
    >
      <RailButton
        icon={Crosshair}
        words="Click or drag a box"
        action="tool-point"
        pressed={tool === "point"}
      />
      <RailButton
        icon={MousePointer2}
        words="Select objects"
        action="tool-select"
        pressed={tool === "select"}
      />
      <RailButton icon={Brush} words="Brush" action="tool-brush" pressed={tool === "brush"} />
      <RailButton icon={Eraser} words="Eraser" action="tool-eraser" pressed={tool === "eraser"} />
      <RailButton
        icon={Pentagon}
        words="Polygon"
        action="tool-polygon"
        pressed={tool === "polygon"}
      />
      {tool === "polygon" && (
        <RailButton
          icon={Magnet}
          words="Follow the picture's edges"
          action="magnetic"
          pressed={magnetic}
        />
      )}
      <RailButton
        icon={Scissors}
        words="Cut in two along a line"
        action="tool-cut"
        pressed={tool === "cut"}
      />
      <RailButton
        icon={SquareDashedMousePointer}
        words="Draw only where no object is"
        action="only-empty"
        pressed={useSignal(state.onlyEmpty)}
      />
      <RailButton
        icon={ScanSearch}
        words="Proposals: take what the workers found"
        action="tool-proposal"
        pressed={tool === "proposal"}
      />
      <RailButton icon={Ruler} words="Measure" action="tool-measure" pressed={tool === "measure"} />
      <hr />
      <RailButton icon={Undo2} words="Undo" action="undo" disabled={!undo} />
      <RailButton icon={Redo2} words="Redo" action="redo" disabled={!redo} />
      <RailButton icon={Trash2} words="Delete the object" action="delete" />
      <hr />
      <RailButton
        icon={masksVisible ? Eye : EyeOff}
        words={masksVisible ? "Hide masks" : "Show masks"}
        action="hide"
        pressed={!masksVisible}
      />
      <RailButton
        icon={SquareDashed}
        words="Fill: normal, light, outline only"
        action="opacity"
        pressed={opacity < 1}
      />
      <LookButton />
      <RailButton icon={Spline} words="Sharper edges" action="refine" pressed={refine} />
      <CommentsButton />
      <RailButton icon={Maximize} words="Fit the image" action="fit" />
    </div>
  );
}
