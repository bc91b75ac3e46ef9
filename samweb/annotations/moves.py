"""The life of an image in a job: one table of the moves there are, and who may make them.

new -> in_work -> submitted -> in_review -> accepted, or returned and round again. An accepted
image is locked until a reviewer reopens it. Work is the assignee's (or a manager's); review is
for reviewers, of work that is not their own, and a returned image comes back to the same one.
"""

from __future__ import annotations

from enum import Enum

from samweb.annotations.models import JobImage

S = JobImage.State


class By(Enum):
    """Who may make a move."""

    WORKER = "the assignee, or a manager"
    REVIEWER = "a reviewer, not of their own work"
    ANY_REVIEWER = "a reviewer"


MOVES: dict[tuple[str, str], By] = {
    (S.NEW, S.IN_WORK): By.WORKER,
    (S.NEW, S.SUBMITTED): By.WORKER,  # nothing to label: seen and handed in
    (S.NEW, S.SKIPPED): By.WORKER,
    (S.IN_WORK, S.SUBMITTED): By.WORKER,
    (S.IN_WORK, S.SKIPPED): By.WORKER,
    (S.SKIPPED, S.IN_WORK): By.WORKER,
    (S.SUBMITTED, S.IN_WORK): By.WORKER,  # taken back before anybody looked
    (S.RETURNED, S.IN_WORK): By.WORKER,
    (S.RETURNED, S.SUBMITTED): By.WORKER,
    (S.SUBMITTED, S.IN_REVIEW): By.REVIEWER,
    (S.SUBMITTED, S.ACCEPTED): By.REVIEWER,
    (S.SUBMITTED, S.RETURNED): By.REVIEWER,
    (S.IN_REVIEW, S.SUBMITTED): By.REVIEWER,  # put back into the queue
    (S.IN_REVIEW, S.ACCEPTED): By.REVIEWER,
    (S.IN_REVIEW, S.RETURNED): By.REVIEWER,
    (S.ACCEPTED, S.IN_WORK): By.ANY_REVIEWER,  # reopen: an event with a name
}

# Whose turn it is, for the lock on annotations: nobody edits what is accepted, and what lies
# with the reviewers is theirs to edit.
LOCKED = frozenset({S.ACCEPTED})
WITH_REVIEWERS = frozenset({S.SUBMITTED, S.IN_REVIEW})


def moves_from(state: str) -> list[str]:
    """Where an image in this state can go."""
    return [str(to) for (source, to) in MOVES if source == state]
