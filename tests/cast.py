"""The small cast of the tests: people, one project, one picture."""

from __future__ import annotations

import hashlib

from samweb.accounts.models import User
from samweb.projects.models import Image, Label, Membership, Project

PASSWORD = "correct horse battery"


def person(username: str, **fields: object) -> User:
    """A user whose password is PASSWORD."""
    return User.objects.create_user(
        username, password=PASSWORD, display_name=username.capitalize(), **fields
    )


def project(name: str, *, owner: User, labels: list[str]) -> Project:
    """A project with its owner and labels."""
    made = Project.objects.create(name=name, created_by=owner)
    Membership.objects.create(project=made, user=owner, role="owner")
    for order, label in enumerate(labels):
        Label.objects.create(
            project=made, name=label, name_key=label.casefold(), colour="#e69f00", order=order
        )
    return made


def member(username: str, of: Project, role: str) -> User:
    """A new person with a role in a project."""
    user = person(username)
    Membership.objects.create(project=of, user=user, role=role)
    return user


def image(of: Project, name: str, *, width: int, height: int) -> Image:
    """An image row without files, for tests that need only its size."""
    digest = hashlib.sha256(f"{of.id}/{name}".encode()).hexdigest()
    return Image.objects.create(
        project=of, name=name, width=width, height=height, original_sha256=digest,
        pixels_sha256=digest, display_sha256=digest, display_type="jpeg", thumb_sha256=digest,
        format="JPEG", bytes=1,
    )  # fmt: skip
