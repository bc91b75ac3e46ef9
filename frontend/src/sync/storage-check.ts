/** Whether this browser keeps what is entrusted to it. */

export interface StorageReport {
  /** A record could be written, read and removed. */
  works: boolean;
  problem: string;
  /** The browser promised not to clear it when the disk gets full; null when it cannot. */
  persistent: boolean | null;
  /** Bytes that are free for this site; null when the browser does not say. */
  free: number | null;
}

const NAME = "samweb-selftest";

export async function checkStorage(): Promise<StorageReport> {
  const estimate = await navigator.storage?.estimate?.().catch(() => null);
  const persistent = (await navigator.storage?.persisted?.().catch(() => null)) ?? null;
  const free = estimate ? (estimate.quota ?? 0) - (estimate.usage ?? 0) : null;
  try {
    await writeAndRead();
    return { works: true, problem: "", persistent, free };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { works: false, problem, persistent, free };
  }
}

async function writeAndRead(): Promise<void> {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("kept");
  const database = await answered(opening);
  try {
    const kept = database.transaction("kept", "readwrite").objectStore("kept");
    await answered(kept.put("yes", "here"));
    const found = await answered(kept.get("here"));
    if (found !== "yes") throw new Error("What was written was not there when it was read.");
  } finally {
    database.close();
    indexedDB.deleteDatabase(NAME);
  }
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The storage refused."));
  });
}
