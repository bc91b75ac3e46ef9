"""Prove that the rows are what the journal says: current rows = replay of operations, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from samweb.annotations.models import Annotation, Comment, Job, JobImage, Operation, Verdict
from samweb.annotations.records import moment
from samweb.annotations.services.kinds import annotation, comment, image, job, job_image, label
from samweb.projects.models import Image, Label, Project

State = dict[str, Any]
Key = tuple[str, str]
FAMILIES_MADE_ELSEWHERE = {"image"}  # an upload makes the row; the journal holds what came after


@dataclass
class Replay:
    """Folds operations, in order of seq, into what the rows must be."""

    states: dict[Key, State] = field(default_factory=dict)
    images_of_job: dict[str, list[str]] = field(default_factory=dict)
    last_seq: int = 0

    def apply(self, op: Operation) -> None:
        """One operation more."""
        family, _, action = op.kind.partition(".")
        special = getattr(self, f"_{family}_{action}", None)
        self.last_seq = op.seq
        if special is not None:
            special(op)
        else:
            self._row(family, action, op)

    def _row(self, family: str, action: str, op: Operation) -> None:
        key = (family, str(op.target))
        if action == "create":
            self.states[key] = {"deleted_at": None, "created": moment(op.received)}
            if family in ("annotation", "comment"):
                self.states[key]["author"] = str(op.actor_id) if op.actor_id else None
            if family == "label":
                del self.states[key]["created"]
        state = self.states.setdefault(key, {})
        state.update({k: v for k, v in op.payload.items() if k != "job_images"})
        if action in ("delete", "restore"):
            state["deleted_at"] = moment(op.received) if action == "delete" else None
            if family in ("label", "image"):
                state["deleted_at"] = True  # these keep the time of their own service
        elif family in ("label", "image") and "deleted_at" in state:
            state["deleted_at"] = False
        if family == "annotation":
            state["updated"] = moment(op.received)
        state.update(version=op.version, seq=op.seq)

    def _verdict_set(self, op: Operation) -> None:
        key = ("verdict", str(op.target))
        if op.payload["verdict"] is None:
            self.states.pop(key, None)
        else:
            self.states[key] = {
                **op.payload,
                "reviewer": str(op.actor_id) if op.actor_id else None,
                "annotation_version": op.version,
                "at": moment(op.received),
                "seq": op.seq,
            }
        self.states[("annotation", str(op.target))]["seq"] = op.seq

    def _job_create(self, op: Operation) -> None:
        self._row("job", "create", op)
        handed_out = op.payload["job_images"]
        self.images_of_job[str(op.target)] = [row for row, _ in handed_out]
        for row, of_image in handed_out:
            self.states[("job_image", row)] = {
                "job": str(op.target), "image": of_image, "layer": op.payload["layer"],
                "state": "new", "note": "", "nothing_to_label": False, "submitter": None,
                "reviewer": None, "submitted_at": None, "reviewed_at": None,
                "deleted_at": None, "version": 1, "seq": op.seq,
            }  # fmt: skip

    def _job_delete(self, op: Operation) -> None:
        self._row("job", "delete", op)
        for row in self.images_of_job[str(op.target)]:
            self.states[("job_image", row)].update(deleted_at=moment(op.received), seq=op.seq)

    def _job_image_move(self, op: Operation) -> None:
        state = self.states[("job_image", str(op.target))]
        state.update({**op.payload, "version": op.version, "seq": op.seq})


def differences(project: Project) -> list[str]:
    """Where the rows of a project are not what its journal says; empty when all is well."""
    replay = Replay()
    found = []
    for op in Operation.objects.filter(project=project).order_by("seq").iterator():
        try:
            replay.apply(op)
        except KeyError as error:
            found.append(f"operation {op.id} (seq {op.seq}, {op.kind}) has no {error} before it")
    if replay.last_seq > project.seq:
        found.append(f"the journal reaches seq {replay.last_seq}, the project {project.seq}")
    rows = dict(_rows(project))
    for key, expected in replay.states.items():
        row = rows.pop(key, None)
        if row is None:
            found.append(f"{key[0]} {key[1]}: in the journal, and there is no row")
            continue
        for name in sorted(set(expected)):
            if row.get(name) != expected[name]:
                found.append(
                    f"{key[0]} {key[1]}: {name} is {row.get(name)!r}, replay says "
                    f"{expected[name]!r}"
                )
    found += [
        f"{family} {identifier}: a row that no operation made"
        for (family, identifier), row in rows.items()
        if family not in FAMILIES_MADE_ELSEWHERE and row["seq"] > 0
    ]
    return found


def _rows(project: Project) -> Iterator[tuple[Key, State]]:
    def name(value: UUID | None) -> str | None:
        return str(value) if value else None

    for one in Annotation.objects.filter(project=project).iterator():
        yield ("annotation", str(one.id)), {
            **annotation.state_of(one), "author": name(one.author_id), "version": one.version,
            "seq": one.seq, "created": moment(one.created), "updated": moment(one.updated),
            "deleted_at": moment(one.deleted_at),
        }  # fmt: skip
    for said in Verdict.objects.filter(annotation__project=project).iterator():
        yield ("verdict", str(said.annotation_id)), {
            "verdict": said.verdict, "reason": said.reason, "note": said.note,
            "reviewer": name(said.reviewer_id), "annotation_version": said.annotation_version,
            "at": moment(said.at), "seq": said.seq,
        }  # fmt: skip
    for remark in Comment.objects.filter(project=project).iterator():
        yield ("comment", str(remark.id)), {
            **comment.state_of(remark), "author": name(remark.author_id),
            "version": remark.version, "seq": remark.seq, "created": moment(remark.created),
            "deleted_at": moment(remark.deleted_at),
        }  # fmt: skip
    for work in Job.objects.filter(project=project).iterator():
        yield ("job", str(work.id)), {
            **job.state_of(work), "layer": work.layer, "version": work.version, "seq": work.seq,
            "created": moment(work.created), "deleted_at": moment(work.deleted_at),
        }  # fmt: skip
    for part in JobImage.objects.filter(project=project).iterator():
        yield ("job_image", str(part.id)), {
            **job_image.state_of(part), "job": str(part.job_id), "image": str(part.image_id),
            "layer": part.layer, "version": part.version, "seq": part.seq,
            "deleted_at": moment(part.deleted_at),
        }  # fmt: skip
    for kind in Label.objects.filter(project=project).iterator():
        yield ("label", str(kind.id)), {
            **label.state_of(kind), "version": kind.version, "seq": kind.seq,
            "deleted_at": kind.deleted_at is not None,
        }  # fmt: skip
    for picture in Image.objects.filter(project=project).iterator():
        yield ("image", str(picture.id)), {
            **image.state_of(picture), "version": picture.version, "seq": picture.seq,
            "deleted_at": picture.deleted_at is not None,
        }  # fmt: skip
