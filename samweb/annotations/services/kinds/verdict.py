"""verdict.set: what a reviewer says of one object. It does not change the object's version."""

from __future__ import annotations

from samweb.annotations.models import Verdict
from samweb.annotations.services.checks import Refused, one_of, optional, read, text
from samweb.annotations.services.incoming import Done, Incoming, Writing
from samweb.annotations.services.kinds.annotation import current, unlocked

FIELDS = {
    "verdict": optional(one_of(*Verdict.Value.values)),
    "reason": text(60),
    "note": text(5000),
}


def set_verdict(w: Writing, op: Incoming) -> Done:
    """Accept or reject the version that was looked at; null takes the verdict back."""
    w.require("reviewer")
    fields = read(op.payload, FIELDS, "verdict")
    row = current(w, op)
    if row.deleted_at:
        raise Refused("This object is deleted.", "not_found")
    image = w.image(str(row.image_id))
    unlocked(w, image, row.layer)
    if row.author_id == w.user.pk and not w.project.self_review:
        raise Refused("This is your own work: somebody else reviews it.", "own_work")
    said = {"verdict": fields["verdict"], "reason": fields.get("reason", ""),
            "note": fields.get("note", "")}  # fmt: skip
    if said["verdict"] is None:
        Verdict.objects.filter(annotation=row).delete()
    else:
        Verdict.objects.update_or_create(
            annotation=row,
            defaults={**said, "reviewer": w.user, "annotation_version": row.version,
                      "at": w.received, "seq": w.seq},
        )  # fmt: skip
    row.seq = w.seq  # the record of the object shows its verdict, so it counts as changed
    row.save(update_fields=["seq"])
    return Done(row.version, said)


KINDS = {"verdict.set": set_verdict}
