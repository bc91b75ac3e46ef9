import { useState } from "react";
import { ClipboardList, Trash2, X } from "lucide-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { sync } from "../../sync";
import type { Image, Project } from "../../sync/api";
import { Button } from "../kit/button";
import { ErrorNote } from "../kit/notes";
import { plural } from "../kit/words";
import { NewJob } from "./new-job";

interface ChosenBarProps {
  project: Project;
  images: readonly Image[];
  onDone: () => void;
}

/** What can be done with the chosen images. */
export function ChosenBar({ project, images, onDone }: ChosenBarProps) {
  const [making, setMaking] = useState(false);
  const [armed, setArmed] = useState(false);
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: async () => {
      for (const image of images) await sync.server.images.remove(image);
    },
    onSuccess: onDone,
    onSettled: () => {
      setArmed(false);
      return client.invalidateQueries({ queryKey: ["project", project.id] });
    },
  });
  return (
    <>
      <div className="row chosen-bar" role="toolbar" aria-label="Chosen images">
        <strong className="grow">{plural(images.length, "image")} chosen</strong>
        <Button icon={ClipboardList} onClick={() => setMaking(true)}>
          Make a job of them
        </Button>
        <Button
          tone="danger"
          icon={Trash2}
          busy={remove.isPending}
          onBlur={() => setArmed(false)}
          onClick={() => (armed ? remove.mutate() : setArmed(true))}
        >
          {armed ? `Really delete ${plural(images.length, "image")}?` : "Delete"}
        </Button>
        <Button tone="quiet" icon={X} aria-label="Choose none" onClick={onDone} />
      </div>
      <ErrorNote error={remove.error} what="Not all of them were deleted." />
      {making && (
        <NewJob
          project={project}
          images={images}
          onClose={() => setMaking(false)}
          onMade={onDone}
        />
      )}
    </>
  );
}
