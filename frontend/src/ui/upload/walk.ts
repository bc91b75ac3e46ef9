/** Files of a drop, folders walked to their leaves. */
import type { UploadFile } from "../../sync/upload";

/** What lies in a folder but is nobody's picture. */
const LITTER = /^(\.|__MACOSX$|Thumbs\.db$|desktop\.ini$)/i;

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** `readEntries` gives at most a hundred at a time and must be asked until it gives none. */
async function childrenOf(entry: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = entry.createReader();
  const children: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return children;
    children.push(...some);
  }
}

async function walk(entry: FileSystemEntry, folder: string, into: UploadFile[]): Promise<void> {
  if (LITTER.test(entry.name)) return;
  if (entry.isFile) {
    into.push({ file: await fileOf(entry as FileSystemFileEntry), folder });
    return;
  }
  const inside = folder ? `${folder}/${entry.name}` : entry.name;
  for (const child of await childrenOf(entry as FileSystemDirectoryEntry)) {
    await walk(child, inside, into);
  }
}

/** Must be called within the drop event: the entries are taken before anything is awaited. */
export async function filesOfDrop(transfer: DataTransfer): Promise<UploadFile[]> {
  const entries: FileSystemEntry[] = [];
  const loose: File[] = [];
  for (const item of Array.from(transfer.items)) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry?.();
    const file = entry ? null : item.getAsFile();
    if (entry) entries.push(entry);
    else if (file) loose.push(file);
  }
  const found: UploadFile[] = loose.map((file) => ({ file, folder: "" }));
  for (const entry of entries) await walk(entry, "", found);
  return found;
}

/** Files of an `<input type="file">`, with `webkitdirectory` including their folders. */
export function filesOfInput(files: Iterable<File>): UploadFile[] {
  const found: UploadFile[] = [];
  for (const file of files) {
    const parts = (file.webkitRelativePath || file.name).split("/");
    if (parts.some((part) => LITTER.test(part))) continue;
    found.push({ file, folder: parts.slice(0, -1).join("/") });
  }
  return found;
}
