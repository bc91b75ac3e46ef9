/**
 * Sends one file at a time per request, with progress (fetch has none for uploads), so that a bad
 * file is refused by name and the others go on.
 */
import { API, csrfToken, type SignInGate } from "./http";
import { AppError, errorFromAnswer, offlineError, type ProblemDetails } from "./errors";
import type { Image } from "./resources/images";
import type { Run } from "./resources/runs";

export interface UploadAnswer {
  name: string;
  status: "created" | "duplicate" | "refused" | "unpacking";
  image?: Image;
  run?: Run;
  code?: string;
  message?: string;
  note?: string;
}

export interface UploadFile {
  file: File;
  /** Folder inside the project, `""` for the top; from a dropped folder. */
  folder: string;
}

export type Upload = (
  project: string,
  item: UploadFile,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
) => Promise<UploadAnswer[]>;

function answerOf(request: XMLHttpRequest): unknown {
  try {
    return JSON.parse(request.responseText) as unknown;
  } catch {
    return null;
  }
}

function once(
  project: string,
  item: UploadFile,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<UploadAnswer[]> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${API}/projects/${project}/uploads`);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      const body = answerOf(request);
      if (request.status < 300 && body !== null) {
        resolve((body as { results: UploadAnswer[] }).results);
        return;
      }
      const retryAfter = request.getResponseHeader("retry-after");
      reject(errorFromAnswer(request.status, body as ProblemDetails | null, retryAfter));
    };
    request.onerror = () => reject(offlineError());
    request.onabort = () => reject(new AppError("aborted", "This was cancelled.", 0, "never"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    const form = new FormData();
    form.append("file", item.file, item.file.name);
    if (item.folder) form.append("folder", item.folder);
    request.send(form);
  });
}

/** Waits at the gate after a 401 and sends the file again. */
export function makeUpload(gate: SignInGate): Upload {
  return async (project, item, onProgress, signal) => {
    for (;;) {
      try {
        return await once(project, item, onProgress, signal);
      } catch (error) {
        if (!(error instanceof AppError) || error.status !== 401) throw error;
        await gate.wait(signal);
      }
    }
  };
}
