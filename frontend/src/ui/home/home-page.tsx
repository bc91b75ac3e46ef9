import { useEffect, useState } from "react";
import { FolderPlus, Plus } from "lucide-react";
import { Link } from "wouter";

import type { Project } from "../../sync/api";
import { useMe, useProjects } from "../data";
import { Button } from "../kit/button";
import { Empty, ErrorNote } from "../kit/notes";
import { Bar } from "../kit/progress";
import { count, plural } from "../kit/words";
import { TopBar } from "../shell/top-bar";
import { MyWork } from "./my-work";
import { NewProject } from "./new-project";

export function HomePage() {
  const me = useMe();
  const projects = useProjects();
  const [making, setMaking] = useState(false);
  useEffect(() => {
    document.title = "samweb";
  }, []);
  const rows = projects.data ?? [];
  const mayCreate = me.can_create_projects || me.is_admin;
  const newProject = (
    <Button tone="primary" icon={Plus} onClick={() => setMaking(true)} data-testid="new-project">
      New project
    </Button>
  );
  return (
    <div className="page">
      <TopBar />
      <main className="page-body">
        <MyWork />
        <section className="stack">
          <div className="page-head">
            <h1>Projects</h1>
            {mayCreate && rows.length > 0 && newProject}
          </div>
          <ErrorNote
            error={projects.error}
            what="The projects could not be loaded."
            onRetry={() => void projects.refetch()}
          />
          {projects.isSuccess && rows.length === 0 && (
            <Empty icon={FolderPlus} {...(mayCreate ? { action: newProject } : {})}>
              {mayCreate
                ? "A project holds images, labels and the people who work on them. Make one: a name, some images, some labels."
                : "You are in no project yet. Ask a manager to add you by your username."}
            </Empty>
          )}
          <div className="project-grid">
            {rows.map((project) => (
              <ProjectCard key={project.id} project={project} />
            ))}
          </div>
        </section>
      </main>
      {making && <NewProject onClose={() => setMaking(false)} />}
    </div>
  );
}

function ProjectCard({ project }: { project: Project }) {
  const images = project.counts?.images ?? 0;
  const done = project.counts?.accepted ?? project.counts?.labelled ?? 0;
  const what = project.counts?.accepted === undefined ? "labelled" : "accepted";
  return (
    <Link
      href={`/projects/${project.id}`}
      className="project-card"
      data-testid={`project-card-${project.name}`}
    >
      <span className="row row-wide">
        <strong className="clip">{project.name}</strong>
        <span className="muted dense">{project.role}</span>
      </span>
      <span className="project-about muted">{project.description}</span>
      <Bar done={done} total={images} tone="good" label={`${project.name}: images ${what}`} />
      <span className="row row-wide muted dense">
        <span>{plural(images, "image")}</span>
        <span>
          {count(done)} {what}
        </span>
      </span>
    </Link>
  );
}
