import { BadgeCheck } from "lucide-react";
import { Link } from "wouter";

import type { Project } from "../../sync/api";
import { useJobs, useReviewQueue } from "../data";
import { LinkButton } from "../kit/button";
import { Empty, ErrorNote } from "../kit/notes";
import { plural, stateWord } from "../kit/words";

/** Submitted images I may judge, the riskiest first, each with its reason. */
export function ReviewTab({ project }: { project: Project }) {
  const queue = useReviewQueue(project.id);
  const jobs = useJobs(project.id).data ?? [];
  const rows = queue.data ?? [];
  const first = rows[0];
  return (
    <>
      {first && (
        <div className="page-head">
          <h1>{plural(rows.length, "image")} to review</h1>
          <LinkButton tone="primary" href={`/review/${first.id}`} data-testid="review-start">
            Review the first
          </LinkButton>
        </div>
      )}
      <ErrorNote
        error={queue.error}
        what="The queue could not be loaded."
        onRetry={() => void queue.refetch()}
      />
      {queue.isSuccess && rows.length === 0 && (
        <Empty icon={BadgeCheck}>
          Nothing waits for your review. What others submit appears here, the riskiest first.
        </Empty>
      )}
      <ul className="plain-list review-list">
        {rows.map((row) => {
          const job = jobs.find((one) => one.id === row.job);
          return (
            <li key={row.id}>
              <Link href={`/review/${row.id}`} className="review-row" data-testid="review-row">
                <img src={row.image.thumbnail_url} alt="" loading="lazy" />
                <span className="grow">
                  <strong className="clip">{row.image.name}</strong>
                  <span className="muted clip">
                    {job?.name} {job?.assignee && `· ${job.assignee.name}`}
                  </span>
                </span>
                <span className="review-reason">{row.reason}</span>
                <span className="muted review-count">
                  {row.nothing_to_label ? "nothing to label" : plural(row.objects ?? 0, "object")}
                </span>
                <span className="muted review-state">{stateWord(row.state)}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </>
  );
}
