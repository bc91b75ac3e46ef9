import { useRef } from "react";
import { FolderUp, Upload } from "lucide-react";

import type { UploadFile } from "../../sync/upload";
import { Button } from "../kit/button";
import { filesOfInput } from "./walk";

interface FileButtonsProps {
  onFiles: (files: UploadFile[]) => void;
  primary?: boolean;
}

/** Files, zips or a whole folder, by hand. */
export function FileButtons({ onFiles, primary }: FileButtonsProps) {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement) => {
    onFiles(filesOfInput(input.files ?? []));
    input.value = "";
  };
  return (
    <>
      <input
        ref={files}
        className="hidden-input"
        type="file"
        multiple
        tabIndex={-1}
        aria-label="Files to upload"
        data-testid="upload-input"
        onChange={(event) => take(event.currentTarget)}
      />
      <input
        ref={folder}
        className="hidden-input"
        type="file"
        multiple
        tabIndex={-1}
        aria-label="Folder to upload"
        {...{ webkitdirectory: "" }}
        onChange={(event) => take(event.currentTarget)}
      />
      <Button icon={FolderUp} onClick={() => folder.current?.click()}>
        Add folder
      </Button>
      <Button
        tone={primary ? "primary" : "plain"}
        icon={Upload}
        onClick={() => files.current?.click()}
      >
        Add files
      </Button>
    </>
  );
}
