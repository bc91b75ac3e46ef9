import { describe, expect, it, vi } from "vitest";

import { AppError, offlineError } from "../../sync/errors";
import { makeFollow } from "../../sync/unpacking";
import type { Run } from "../../sync/api";
import type { Upload } from "../../sync/upload";
import { totals, UploadQueue } from "./upload-queue";
import { filesOfDrop, filesOfInput } from "./walk";

function fileEntry(name: string): FileSystemEntry {
  return {
    isFile: true,
    isDirectory: false,
    name,
    file: (give: (file: File) => void) => give(new File(["x"], name)),
  } as unknown as FileSystemEntry;
}

/** Gives its children in portions of a hundred, as browsers do. */
function folderEntry(name: string, children: FileSystemEntry[]): FileSystemEntry {
  return {
    isFile: false,
    isDirectory: true,
    name,
    createReader: () => {
      const left = [...children];
      return {
        readEntries: (give: (some: FileSystemEntry[]) => void) => give(left.splice(0, 100)),
      };
    },
  } as unknown as FileSystemEntry;
}

function dropOf(...entries: FileSystemEntry[]): DataTransfer {
  return {
    items: entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry })),
  } as unknown as DataTransfer;
}

describe("a dropped folder", () => {
  it("is walked to its leaves, however many lie in one folder", async () => {
    const many = Array.from({ length: 250 }, (_, i) => fileEntry(`${i}.jpg`));
    const found = await filesOfDrop(
      dropOf(fileEntry("top.png"), folderEntry("a", [folderEntry("b", many)])),
    );
    expect(found.length).toBe(251);
    expect(found[0]).toMatchObject({ folder: "" });
    expect(found.slice(1).every(({ folder }) => folder === "a/b")).toBe(true);
  });

  it("leaves out what systems litter into folders", async () => {
    const litter = [".DS_Store", "Thumbs.db", "desktop.ini"].map(fileEntry);
    const found = await filesOfDrop(
      dropOf(folderEntry("a", [...litter, folderEntry("__MACOSX", [fileEntry("x")])])),
    );
    expect(found).toEqual([]);
  });

  it("by a folder input keeps the folder too", () => {
    const file = new File(["x"], "1.jpg");
    Object.defineProperty(file, "webkitRelativePath", { value: "a/b/1.jpg" });
    expect(filesOfInput([file, new File(["x"], "2.jpg")])).toMatchObject([
      { folder: "a/b" },
      { folder: "" },
    ]);
  });
});

describe("uploading", () => {
  const never = () => new Promise<never>(() => undefined);
  const files = (...names: string[]) =>
    names.map((name) => ({ file: new File(["data"], name), folder: "" }));

  it("names a refused file in the server's words while the others go on", async () => {
    const upload: Upload = (_project, { file }) =>
      Promise.resolve(
        file.name === "bad.jpg"
          ? [{ name: "bad.jpg", status: "refused", message: "bad.jpg ends before its picture." }]
          : [{ name: file.name, status: "created" }],
      );
    const stored = vi.fn();
    const queue = new UploadQueue("p", upload, stored, never);
    queue.add(files("a.jpg", "bad.jpg", "c.jpg", "d.jpg"));
    await vi.waitFor(() => expect(totals(queue.items.get()).finished).toBe(4));
    expect(queue.items.get().map((item) => item.status)).toEqual([
      "created",
      "refused",
      "created",
      "created",
    ]);
    expect(queue.items.get()[1]?.message).toBe("bad.jpg ends before its picture.");
    expect(stored).toHaveBeenCalledTimes(3);
  });

  it("tries again when the network fails, and not when the server refuses", async () => {
    const tries: string[] = [];
    const upload: Upload = (_project, { file }) => {
      tries.push(file.name);
      if (file.name === "huge.jpg") {
        return Promise.reject(new AppError("too_large", "Too large.", 413, "never"));
      }
      return tries.filter((name) => name === file.name).length < 3
        ? Promise.reject(offlineError())
        : Promise.resolve([{ name: file.name, status: "created" }]);
    };
    const queue = new UploadQueue("p", upload, () => undefined, never, 1);
    queue.add(files("a.jpg", "huge.jpg"));
    await vi.waitFor(() => expect(totals(queue.items.get()).finished).toBe(2));
    expect(tries.filter((name) => name === "a.jpg").length).toBe(3);
    expect(tries.filter((name) => name === "huge.jpg").length).toBe(1);
    expect(queue.items.get()[1]).toMatchObject({ status: "refused", message: "Too large." });
  });

  it("follows a zip until it is unpacked and names what in it was refused", async () => {
    const run = (state: string, more = {}) =>
      ({ id: "r", state, progress: { done: 1, total: 3 }, ...more }) as unknown as Run;
    const result = {
      created: 2,
      duplicate: 0,
      refused: 1,
      results: [{ name: "bad.jpg", message: "bad.jpg is empty: it has 0 bytes." }],
    };
    const runs = [run("queued"), run("running"), run("done", { result })];
    const follow = makeFollow(() => Promise.resolve(runs.shift() ?? run("done")), 1);
    const upload: Upload = () =>
      Promise.resolve([{ name: "all.zip", status: "unpacking", run: run("queued") }]);
    const queue = new UploadQueue("p", upload, () => undefined, follow);
    queue.add(files("all.zip"));
    await vi.waitFor(() => expect(queue.items.get().length).toBe(2));
    expect(queue.items.get()).toMatchObject([
      { name: "all.zip", status: "created", message: "2 stored, 1 refused" },
      { name: "bad.jpg", status: "refused", message: "bad.jpg is empty: it has 0 bytes." },
    ]);
  });
});
