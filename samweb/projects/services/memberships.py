"""Who belongs to a project. Nobody grants, takes or changes a role above their own."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from samweb.accounts.models import User
from samweb.accounts.services import audit
from samweb.core.errors import Conflict, Forbidden
from samweb.projects import selectors
from samweb.projects.models import RANK, Membership, Project, Role


@transaction.atomic
def membership_add(*, project: Project, actor: User, user: User, role: str) -> Membership:
    """Give a person a role. Raises Forbidden (above one's own), Conflict (`already_member`)."""
    _may_handle(actor, project, role)
    try:
        with transaction.atomic():
            membership = Membership.objects.create(project=project, user=user, role=role)
    except IntegrityError:
        raise Conflict(f"{user} is a member already.", code="already_member") from None
    audit(
        "membership.add", actor=actor, target=user, project=project.pk, role=role,
        username=user.username,
    )  # fmt: skip
    return membership


@transaction.atomic
def membership_change(*, membership: Membership, actor: User, role: str) -> Membership:
    """Change a person's role. Raises Forbidden, Conflict (`last_owner`)."""
    membership = _locked(membership)
    _may_handle(actor, membership.project, membership.role)
    _may_handle(actor, membership.project, role)
    if role != Role.OWNER:
        _keep_an_owner(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    audit(
        "membership.change", actor=actor, target=membership.user, project=membership.project_id,
        before=before, role=role, username=membership.user.username,
    )  # fmt: skip
    return membership


@transaction.atomic
def membership_remove(*, membership: Membership, actor: User) -> None:
    """End a membership; everybody may leave. Raises Forbidden, Conflict (`last_owner`)."""
    membership = _locked(membership)
    if membership.user_id != actor.pk:
        _may_handle(actor, membership.project, membership.role)
    _keep_an_owner(membership)
    audit(
        "membership.remove", actor=actor, target=membership.user, project=membership.project_id,
        role=membership.role, username=membership.user.username,
    )  # fmt: skip
    membership.delete()


def _locked(membership: Membership) -> Membership:
    # The project's row is the lock: two owners who leave at once must not both succeed.
    Project.objects.select_for_update().get(pk=membership.project_id)
    return Membership.objects.select_related("project", "user").get(pk=membership.pk)


def _may_handle(actor: User, project: Project, role: str) -> None:
    own = selectors.require_role(actor, project, Role.MANAGER)
    if RANK[role] > RANK[own]:
        raise Forbidden(f"A {own} cannot give or take the role {role}.", code="role_above_yours")


def _keep_an_owner(membership: Membership) -> None:
    if membership.role != Role.OWNER:
        return
    others = Membership.objects.filter(project=membership.project_id, role=Role.OWNER)
    if not others.exclude(pk=membership.pk).filter(user__is_active=True).exists():
        raise Conflict(
            "A project keeps at least one owner: make somebody else owner first.",
            code="last_owner",
        )
