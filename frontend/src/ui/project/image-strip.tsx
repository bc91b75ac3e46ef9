import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { sync } from "../../sync";
import type { Project } from "../../sync/api";
import { plural } from "../kit/words";

const SHOWN = 8;

/** A strip of pictures: what this project is about, each a door into the editor. */
export function ImageStrip({ project, total }: { project: Project; total: number }) {
  const images = useQuery({
    queryKey: ["project", project.id, "image-strip"],
    queryFn: () => sync.server.images.list(project.id, {}, null, SHOWN),
  });
  return (
    <section className="stack stack-tight">
      <div className="page-head">
        <h2>Images</h2>
        <Link className="muted quiet-link" href={`/projects/${project.id}/images`}>
          {plural(total, "image")}
        </Link>
      </div>
      <div className="image-strip">
        {(images.data?.results ?? []).map((image) => (
          <Link
            key={image.id}
            href={`/projects/${project.id}/images/${image.id}`}
            title={image.name}
            aria-label={`Open ${image.name}`}
          >
            <img src={image.thumbnail_url} alt="" loading="lazy" />
          </Link>
        ))}
      </div>
    </section>
  );
}
