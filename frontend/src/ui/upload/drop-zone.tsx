import { useRef, useState, type DragEvent, type ReactNode } from "react";
import { ImageDown } from "lucide-react";

import type { UploadFile } from "../../sync/upload";
import { filesOfDrop } from "./walk";

interface DropZoneProps {
  onFiles: (files: UploadFile[]) => void;
  disabled?: boolean;
  children: ReactNode;
}

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer.types.includes("Files");
}

/** Everything inside takes dropped files; the veil says so while something hovers. */
export function DropZone({ onFiles, disabled, children }: DropZoneProps) {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  if (disabled) return <div className="drop-zone">{children}</div>;
  const enter = (event: DragEvent) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth.current += 1;
    setOver(true);
  };
  const leave = () => {
    depth.current = Math.max(0, depth.current - 1);
    if (depth.current === 0) setOver(false);
  };
  const drop = (event: DragEvent) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth.current = 0;
    setOver(false);
    void filesOfDrop(event.dataTransfer).then(onFiles);
  };
  return (
    <div
      className="drop-zone"
      onDragEnter={enter}
      onDragOver={(event) => carriesFiles(event) && event.preventDefault()}
      onDragLeave={leave}
      onDrop={drop}
    >
      {children}
      {over && (
        <div className="drop-veil">
          <ImageDown aria-hidden /> Drop images, folders or zips
        </div>
      )}
    </div>
  );
}
