import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { RotateCw } from "lucide-react";
import { Link } from "wouter";

import { sync } from "../../sync";
import { atLeast, type Image, type Project } from "../../sync/api";
import { Button } from "../kit/button";

const CARD = 168;
const GAP = 12;
const CAPTION = 40;

const EMBEDDING_WORDS: Readonly<Record<string, readonly [string, string]>> = {
  ready: ["dot-good", "ready to label"],
  queued: ["", "embedding waits"],
  running: ["dot-accent", "embedding is being made"],
  failed: ["dot-bad", "embedding failed"],
};

interface ImageGridProps {
  project: Project;
  images: readonly Image[];
  more: boolean;
  onMore: () => void;
  /** Chosen images; null where choosing makes no sense for this person. */
  chosen: ReadonlySet<string> | null;
  onChoose: (image: Image, range: boolean) => void;
}

/** Only the rows in sight are in the page. */
export function ImageGrid({ project, images, more, onMore, chosen, onChoose }: ImageGridProps) {
  const box = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(6);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => {
      setColumns(Math.max(1, Math.floor((element.clientWidth + GAP) / (CARD + GAP))));
      setTop(element.getBoundingClientRect().top + window.scrollY);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  const rows = Math.ceil(images.length / columns);
  const virtual = useWindowVirtualizer({
    count: rows,
    estimateSize: () => CARD + CAPTION + GAP,
    overscan: 3,
    scrollMargin: top,
  });
  const items = virtual.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  useEffect(() => {
    if (more && last >= rows - 3) onMore();
  }, [last, rows, more, onMore]);
  return (
    <div ref={box} style={{ position: "relative", height: virtual.getTotalSize() }}>
      {items.map((row) => (
        <div
          key={row.key}
          className="image-row"
          style={{
            gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
            transform: `translateY(${row.start - top}px)`,
          }}
        >
          {images.slice(row.index * columns, (row.index + 1) * columns).map((image) => (
            <ImageCard
              key={image.id}
              image={image}
              project={project}
              chosen={chosen ? chosen.has(image.id) : null}
              onChoose={onChoose}
            />
          ))}
        </div>
      ))}
    </div>
  );
}

interface ImageCardProps {
  image: Image;
  project: Project;
  chosen: boolean | null;
  onChoose: (image: Image, range: boolean) => void;
}

function ImageCard({ image, project, chosen, onChoose }: ImageCardProps) {
  const [dot, word] = EMBEDDING_WORDS[image.embedding?.state ?? ""] ?? ["", "no embedding yet"];
  const failed = image.embedding?.state === "failed";
  const title = [image.name, `${image.width} × ${image.height}`, image.note, image.embedding?.error]
    .filter(Boolean)
    .join("\n");
  return (
    <div
      className={chosen ? "image-card image-chosen" : "image-card"}
      data-testid="image-card"
      data-state={image.embedding?.state}
    >
      {chosen !== null && (
        <input
          type="checkbox"
          className="image-check"
          aria-label={`Choose ${image.name}`}
          title="Choose; with Shift everything in between"
          checked={chosen}
          onChange={(event) => onChoose(image, (event.nativeEvent as MouseEvent).shiftKey)}
        />
      )}
      <Link href={`/projects/${project.id}/images/${image.id}`} title={title}>
        <img src={image.thumbnail_url} alt="" loading="lazy" decoding="async" />
        <span className="row">
          <span className={`dot ${dot}`} title={word} />
          <span className="clip grow">{image.name}</span>
        </span>
        <span className="muted dense clip">
          {failed ? word : image.note || `${image.width} × ${image.height}`}
        </span>
      </Link>
      {failed && atLeast(project.role, "annotator") && <AskAgain image={image} />}
    </div>
  );
}

function AskAgain({ image }: { image: Image }) {
  const client = useQueryClient();
  const ask = useMutation({
    mutationFn: () => sync.server.images.askEmbedding(image.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ["project", image.project] }),
  });
  return (
    <Button
      icon={RotateCw}
      busy={ask.isPending}
      title={image.embedding?.error ?? "Make the embedding again"}
      aria-label={`Make the embedding of ${image.name} again`}
      onClick={() => ask.mutate()}
    />
  );
}
