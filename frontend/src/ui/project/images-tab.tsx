import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { ImagePlus, SearchX } from "lucide-react";

import { sync } from "../../sync";
import { atLeast, type Image, type Project } from "../../sync/api";
import { Empty, ErrorNote } from "../kit/notes";
import { count } from "../kit/words";
import { DropZone } from "../upload/drop-zone";
import { FileButtons } from "../upload/file-buttons";
import { UploadPanel } from "../upload/upload-panel";
import { uploadsOf } from "../upload/uploads";
import { ChosenBar } from "./chosen-bar";
import { ImageGrid } from "./image-grid";
import { ProposeButton, ProposingRuns } from "./propose-masks";
import { useChosen } from "./chosen";

/** Filters live in the address, so that a link shows what I saw. */
function useFilter(): [string, string, (name: "search" | "folder", value: string) => void] {
  const [filter, setFilter] = useState(() => {
    const query = new URLSearchParams(window.location.search);
    return { search: query.get("search") ?? "", folder: query.get("folder") ?? "" };
  });
  useEffect(() => {
    const query = new URLSearchParams();
    if (filter.search) query.set("search", filter.search);
    if (filter.folder) query.set("folder", filter.folder);
    const text = query.toString();
    window.history.replaceState(null, "", window.location.pathname + (text ? `?${text}` : ""));
  }, [filter]);
  return [
    filter.search,
    filter.folder,
    (name, value) => setFilter((before) => ({ ...before, [name]: value })),
  ];
}

function useImages(project: string, search: string, folder: string) {
  const asked = useDeferredValue(search);
  const list = useInfiniteQuery({
    queryKey: ["project", project, "images", folder, asked],
    queryFn: ({ pageParam }) =>
      sync.server.images.list(project, { folder, search: asked }, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) =>
        page.results.some(({ embedding }) => /queued|running/.test(embedding?.state ?? "")),
      )
        ? 3_000
        : false,
  });
  const images = useMemo(() => list.data?.pages.flatMap((page) => page.results) ?? [], [list.data]);
  return { list, images };
}

/** The folders seen so far; a filter does not make the others forgotten. */
function useFolders(images: readonly Image[]): readonly string[] {
  const [folders, setFolders] = useState<readonly string[]>([]);
  const unseen = images.filter((image) => image.folder && !folders.includes(image.folder));
  if (unseen.length > 0) {
    setFolders([...new Set([...folders, ...unseen.map((image) => image.folder)])].sort());
  }
  return folders;
}

export function ImagesTab({ project }: { project: Project }) {
  const [search, folder, setFilter] = useFilter();
  const { list, images } = useImages(project.id, search, folder);
  const folders = useFolders(images);
  const chosen = useChosen(images);
  const queue = uploadsOf(project.id);
  const mayAdd = atLeast(project.role, "manager");
  const filtered = Boolean(search || folder);
  return (
    <DropZone disabled={!mayAdd} onFiles={(files) => queue.add(files)}>
      <div className="stack images-tab">
        <div className="row images-head">
          <Filters search={search} folder={folder} folders={folders} onChange={setFilter} />
          <span className="muted grow">
            {list.isSuccess && !list.hasNextPage && images.length > 0 && count(images.length)}
          </span>
          {mayAdd && images.length > 0 && <ProposeButton project={project.id} />}
          {mayAdd && (
            <FileButtons primary={images.length === 0} onFiles={(files) => queue.add(files)} />
          )}
        </div>
        <UploadPanel queue={queue} />
        {mayAdd && <ProposingRuns project={project.id} />}
        {chosen.images.length > 0 && (
          <ChosenBar project={project} images={chosen.images} onDone={chosen.clear} />
        )}
        <ErrorNote
          error={list.error}
          what="The images could not be loaded."
          onRetry={() => void list.refetch()}
        />
        {list.isSuccess && images.length === 0 && (
          <Empty icon={filtered ? SearchX : ImagePlus}>
            {filtered
              ? "No image has such a name here."
              : mayAdd
                ? "Drop images, folders or zips here."
                : "There are no images here yet."}
          </Empty>
        )}
        <ImageGrid
          project={project}
          images={images}
          more={list.hasNextPage}
          chosen={mayAdd ? chosen.ids : null}
          onChoose={chosen.toggle}
          onMore={() => !list.isFetchingNextPage && void list.fetchNextPage()}
        />
      </div>
    </DropZone>
  );
}

interface FiltersProps {
  search: string;
  folder: string;
  folders: readonly string[];
  onChange: (name: "search" | "folder", value: string) => void;
}

function Filters({ search, folder, folders, onChange }: FiltersProps) {
  return (
    <>
      <input
        className="input"
        type="search"
        placeholder="Search names"
        aria-label="Search names"
        value={search}
        onChange={(event) => onChange("search", event.target.value)}
      />
      {(folders.length > 0 || folder) && (
        <select
          className="input"
          aria-label="Folder"
          value={folder}
          onChange={(event) => onChange("folder", event.target.value)}
        >
          <option value="">All folders</option>
          {[...new Set([...folders, ...(folder ? [folder] : [])])].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
    </>
  );
}
