/** The editor's one entry from the router. */
export interface EditorPageProps {
  /** Absent in a job: the first image that still waits for work is opened. */
  imageId?: string;
  jobId?: string;
  /** In review: the one row to be judged. */
  jobImageId?: string;
  mode: "edit" | "review";
}

export function EditorPage({ imageId, jobId, mode }: EditorPageProps) {
  return (
    <main data-mode={mode}>
      {jobId} {imageId}
    </main>
  );
}
