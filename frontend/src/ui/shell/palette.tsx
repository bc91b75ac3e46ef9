import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useLocation } from "wouter";

import { useMe, useMyJobs, useProjects, useSignal } from "../data";
import { Dialog } from "../kit/dialog";
import { shell } from "./shell-state";

interface Place {
  name: string;
  what: string;
  href: string;
  /** A command of the open page instead of a place. */
  run?: () => void;
}

const PAGES = ["Overview", "Images", "Jobs", "Review", "Exports", "Team", "Settings"];

function usePlaces(): Place[] {
  const projects = useProjects().data;
  const jobs = useMyJobs().data;
  const admin = useMe().is_admin;
  return useMemo(() => {
    const places: Place[] = [
      { name: "Home", what: "All projects and my work", href: "/" },
      { name: "Account", what: "Password, theme, API tokens", href: "/account" },
      { name: "Self-test", what: "What this browser can do", href: "/selftest" },
    ];
    if (admin) {
      const what = "Bundles, queues, disk, failed runs";
      places.push({ name: "Models and workers", what, href: "/instance" });
    }
    for (const job of jobs ?? []) {
      places.push({ name: job.name, what: "Job", href: `/jobs/${job.id}` });
    }
    for (const project of projects ?? []) {
      places.push({ name: project.name, what: "Project", href: `/projects/${project.id}` });
      for (const page of PAGES.slice(1)) {
        const href = `/projects/${project.id}/${page.toLowerCase()}`;
        places.push({ name: `${project.name}: ${page}`, what: "Page", href });
      }
    }
    return places;
  }, [projects, jobs, admin]);
}

/** Every word of the query must occur; names that begin with it come first. */
export function matching<T extends { name: string }>(places: readonly T[], query: string): T[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const begins = ({ name }: T) => name.toLowerCase().startsWith(words.join(" "));
  return places
    .filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
    .sort((a, b) => Number(begins(b)) - Number(begins(a)));
}

export function Palette() {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const [, navigate] = useLocation();
  const list = useRef<HTMLUListElement>(null);
  const commands = useSignal(shell.commands).map(({ name, keys, run }): Place => ({
    name,
    what: keys,
    href: "",
    run,
  }));
  const places = usePlaces();
  // Without a word typed it is about going somewhere; commands are found by their names.
  const found = matching(query ? [...commands, ...places] : places, query).slice(0, 50);
  const close = () => shell.palette.set(false);
  const go = (place: Place | undefined) => {
    if (!place) return;
    close();
    if (place.run) place.run();
    else navigate(place.href);
  };
  const move = (to: number) => {
    const next = Math.max(0, Math.min(found.length - 1, to));
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") move(at + 1);
    else if (event.key === "ArrowUp") move(at - 1);
    else if (event.key === "Enter") go(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={commands.length > 0 ? "Do or go to" : "Go to"} onClose={close}>
      <input
        className="input"
        data-first
        placeholder={commands.length > 0 ? "Command, project, job or page" : "Project, job or page"}
        aria-label="Command, project, job or page"
        value={query}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
      />
      <ul className="palette-list" ref={list}>
        {found.map((place, i) => (
          <li key={place.href + place.name}>
            <button
              type="button"
              className="palette-row"
              aria-current={i === at}
              onMouseMove={() => setAt(i)}
              onClick={() => go(place)}
            >
              <span className="clip grow">{place.name}</span>
              <span className="muted dense">{place.what}</span>
            </button>
          </li>
        ))}
        {found.length === 0 && <li className="muted">Nothing is called that.</li>}
      </ul>
    </Dialog>
  );
}
