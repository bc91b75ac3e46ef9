import { useEffect, type ReactNode } from "react";
import { Link } from "wouter";

import { atLeast, type Project, type Role } from "../../sync/api";
import { useLiveProject, useProject, useReviewQueue } from "../data";
import { ErrorNote } from "../kit/notes";
import { count } from "../kit/words";
import { TopBar } from "../shell/top-bar";
import { ExportsTab } from "./exports-tab";
import { ImagesTab } from "./images-tab";
import { JobsTab } from "./jobs-tab";
import { OverviewTab } from "./overview-tab";
import { ReviewTab } from "./review-tab";
import { SettingsTab } from "./settings-tab";
import { TeamTab } from "./team-tab";

interface Tab {
  path: string;
  name: string;
  needs: Role;
  show: (project: Project) => ReactNode;
}

const TABS: readonly Tab[] = [
  { path: "overview", name: "Overview", needs: "viewer", show: (p) => <OverviewTab project={p} /> },
  { path: "images", name: "Images", needs: "viewer", show: (p) => <ImagesTab project={p} /> },
  { path: "jobs", name: "Jobs", needs: "viewer", show: (p) => <JobsTab project={p} /> },
  { path: "review", name: "Review", needs: "reviewer", show: (p) => <ReviewTab project={p} /> },
  { path: "exports", name: "Exports", needs: "viewer", show: (p) => <ExportsTab project={p} /> },
  { path: "team", name: "Team", needs: "viewer", show: (p) => <TeamTab project={p} /> },
  {
    path: "settings",
    name: "Settings",
    needs: "manager",
    show: (p) => <SettingsTab project={p} />,
  },
];

export function ProjectPage({ id, tab }: { id: string; tab: string }) {
  const query = useProject(id);
  useLiveProject(id);
  const project = query.data;
  const current = TABS.find((one) => one.path === tab) ?? TABS[0];
  useEffect(() => {
    if (project) document.title = `${project.name}: ${current?.name ?? ""} · samweb`;
  }, [project, current]);
  return (
    <div className="page">
      <TopBar>
        {project && (
          <>
            <Link href="/">Projects</Link> /{" "}
            <Link href={`/projects/${id}`} className="here">
              {project.name}
            </Link>
          </>
        )}
      </TopBar>
      <div className="project">
        <nav className="tabs" aria-label="Pages of this project">
          {TABS.filter((one) => atLeast(project?.role ?? "viewer", one.needs)).map((one) => (
            <Link
              key={one.path}
              href={`/projects/${id}/${one.path}`}
              className="tab"
              aria-current={one === current ? "page" : undefined}
            >
              {one.name}
              {one.path === "review" && project && <ReviewCount project={id} />}
            </Link>
          ))}
        </nav>
        <main className="page-body">
          {query.error && !project ? (
            <ErrorNote
              error={query.error}
              what="This project could not be opened."
              onRetry={() => void query.refetch()}
            />
          ) : null}
          {project && current?.show(project)}
        </main>
      </div>
    </div>
  );
}

function ReviewCount({ project }: { project: string }) {
  const waiting = useReviewQueue(project).data?.length ?? 0;
  return waiting > 0 ? <span className="tab-count">{count(waiting)}</span> : null;
}
