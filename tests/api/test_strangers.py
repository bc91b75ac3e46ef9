"""Every endpoint of the schema, asked by nobody and by a stranger: an endpoint that is missing in
the table below fails, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from samweb.accounts.models import ApiToken
from samweb.annotations.models import Annotation, Comment, Job, JobImage, Mask
from samweb.core.models import Run
from samweb.exports.models import Export
from samweb.projects.models import Membership
from tests import cast

pytestmark = pytest.mark.django_db
METHODS = ("get", "post", "put", "patch", "delete")
# Without sign-in: who is signed in, and signing in and out.
OPEN = {"/api/v1/session"}
# Own things, and lists of what one may see: no id of somebody else's in the path.
OWN = {
    "/api/v1/session", "/api/v1/session/user", "/api/v1/tokens", "/api/v1/users", "/api/v1/audit",
    "/api/v1/projects", "/api/v1/jobs", "/api/v1/bundles",
}  # fmt: skip
# The same for everybody who is signed in: models are no secret of a project.
SHARED = {"bundles"}
BY_HASH = {"embeddings", "proposals"}
ADMIN_ONLY = {"users", "instance"}


def operations() -> list[tuple[str, str]]:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return [(path, method) for path in sorted(paths) for method in paths[path] if method in METHODS]


@pytest.fixture
def foreign(orchard: cast.Project, picture: cast.Image, ben: cast.User) -> dict[str, Any]:
    """By the first word of a path: the id of a thing in Orchard."""
    mask = Mask.objects.create(
        sha256="a" * 64, height=40, width=60, counts="x", area=1, bbox=[0, 0, 1, 1]
    )
    job = Job.objects.create(project=orchard, name="first", assignee=ben, seq=1)
    return {
        "projects": orchard.id,
        "images": picture.id,
        "memberships": Membership.objects.get(user=ben).id,
        "labels": orchard.labels.first().id,
        "annotations": Annotation.objects.create(
            project=orchard, image=picture, mask=mask, seq=1, author=ben
        ).id,
        "comments": Comment.objects.create(
            project=orchard, image=picture, text="x", author=ben, seq=1
        ).id,
        "jobs": job.id,
        "job-images": JobImage.objects.create(
            project=orchard, job=job, image=picture, position=1, seq=1
        ).id,
        "runs": Run.objects.create(kind="embed", dedupe_key="x", project=orchard.id).id,
        "exports": Export.objects.create(project=orchard, format="coco", created_by=ben).id,
        "tokens": ApiToken.objects.create(user=ben, name="x", prefix="x", digest="x").id,
        "embeddings": "b" * 64,
        "proposals": "b" * 64,
    }


def ask(client: APIClient, path: str, method: str, id: Any) -> Any:
    words = path.split("/")
    filled = "/".join(str(id) if word.startswith("{") else word for word in words)
    shape = "multipart" if path.endswith("uploads") else "json"
    return getattr(client, method)(filled, {}, format=shape, HTTP_IF_MATCH='"1"')


def test_nobody_gets_in_without_a_sign_in(db: None) -> None:
    answers = {
        (path, method): ask(APIClient(), path, method, uuid4()).status_code
        for path, method in operations()
        if path not in OPEN
    }
    assert len(answers) > 50
    assert {operation: status for operation, status in answers.items() if status != 401} == {}


def test_to_a_stranger_what_is_foreign_is_as_what_is_missing(
    foreign: dict[str, Any], eve: cast.User, as_user: Callable[[cast.User], APIClient]
) -> None:
    client, wrong = as_user(eve), {}
    for path, method in operations():
        word = path.split("/")[3]
        if path in OWN or word in SHARED:
            continue
        if word in ADMIN_ONLY:
            assert ask(client, path, method, uuid4()).status_code == 403
            continue
        assert word in foreign, f"add an id of {word} to the table"
        theirs = ask(client, path, method, foreign[word])
        missing = ask(client, path, method, "c" * 64 if word in BY_HASH else uuid4())
        if (theirs.status_code, theirs.content) != (404, missing.content):
            wrong[path, method] = (theirs.status_code, theirs.content, missing.content)
    assert wrong == {}
