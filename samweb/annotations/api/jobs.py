"""Jobs, the images in them, and the review queue."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from samweb.annotations.api.annotations import IF_MATCH, body_of, new_id
from samweb.annotations.api.schema import (
    INVALID,
    MISSING,
    STALE,
    JobImageMove,
    JobImageOut,
    JobIn,
    JobNew,
    JobOut,
    ReviewOut,
)
from samweb.annotations.records import job_record
from samweb.annotations.selectors import jobs as selectors
from samweb.annotations.selectors.review import review_queue
from samweb.annotations.services.direct import operation_apply
from samweb.core.api import (
    ApiView,
    Request,
    if_match_version,
    known_parameters,
    page,
    page_of,
    whole_number,
)
from samweb.core.errors import Rejected
from samweb.core.presentation import run_json
from samweb.embeddings import proposals
from samweb.embeddings.serializers import RunOut
from samweb.projects import selectors as projects


def _jobs(rows: list[Any]) -> list[dict[str, Any]]:
    return [job_record(row) for row in selectors.counted(rows)]


class ProjectJobsView(ApiView):
    """The jobs of a project."""

    @extend_schema(
        operation_id="job_list", tags=["jobs"], responses={200: page_of(JobOut), 404: MISSING}
    )
    def get(self, request: Request, id: UUID) -> Response:
        known_parameters(request, "cursor", "limit")
        project = projects.project_get(request.user, id)
        return page(request, selectors.jobs_of(project), _jobs)

    @extend_schema(
        operation_id="job_create", tags=["jobs"], request=JobNew,
        responses={201: JobOut, 400: INVALID, 404: MISSING},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Hand out images: `images: [ids]`, `all_unassigned: true` or `count: n`."""
        project = projects.project_get(request.user, id, "manager")
        body = body_of(request)
        target = new_id(body)
        operation_apply(
            user=request.user, project=project, kind="job.create", target=target,
            base_version=0, payload=body,
        )  # fmt: skip
        job = selectors.job_get(request.user, target)
        return Response(_jobs([job])[0], status=201)


class MyJobsView(ApiView):
    """My work: the jobs assigned to whoever asks."""

    @extend_schema(
        operation_id="my_jobs", tags=["jobs"],
        parameters=[OpenApiParameter("mine", int, required=True, enum=[1])],
        responses={200: page_of(JobOut)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        known_parameters(request, "mine", "cursor", "limit")
        if request.query_params.get("mine") != "1":
            raise Rejected("Ask for mine=1; a project lists its own jobs.", code="bad_parameter")
        return page(request, selectors.my_jobs(request.user), _jobs)


class JobView(ApiView):
    """One job."""

    @extend_schema(operation_id="job_get", tags=["jobs"], responses={200: JobOut, 404: MISSING})
    def get(self, request: Request, id: UUID) -> Response:
        return Response(_jobs([selectors.job_get(request.user, id)])[0])

    @extend_schema(
        operation_id="job_change", tags=["jobs"], parameters=[IF_MATCH], request=JobIn,
        responses={200: JobOut, 400: INVALID, 404: MISSING, 412: STALE, 428: STALE},
    )  # fmt: skip
    def patch(self, request: Request, id: UUID) -> Response:
        job = selectors.job_get(request.user, id, "manager")
        operation_apply(
            user=request.user, project=job.project, kind="job.update", target=job.pk,
            base_version=if_match_version(request), payload=body_of(request),
        )  # fmt: skip
        return Response(_jobs([selectors.job_get(request.user, id)])[0])

    @extend_schema(
        operation_id="job_delete", tags=["jobs"], parameters=[IF_MATCH],
        responses={204: None, 404: MISSING, 412: STALE, 428: STALE},
    )  # fmt: skip
    def delete(self, request: Request, id: UUID) -> Response:
        job = selectors.job_get(request.user, id, "manager")
        operation_apply(
            user=request.user, project=job.project, kind="job.delete", target=job.pk,
            base_version=if_match_version(request), payload={},
        )  # fmt: skip
        return Response(status=204)


class JobProposalsView(ApiView):
    """The proposals of a job's images."""

    @extend_schema(
        operation_id="job_proposals_request", tags=["proposals"], request=None,
        responses={202: RunOut, 404: MISSING},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Ask for all that are missing (managers and above); one run walks the images."""
        job = selectors.job_get(request.user, id, "manager")
        run = proposals.request_many(job.project, job=job.pk, actor=request.user.pk)
        return Response(run_json(run), status=202)


class JobImagesView(ApiView):
    """The images of a job, in order."""

    @extend_schema(
        operation_id="job_images", tags=["jobs"],
        responses={200: page_of(JobImageOut), 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        known_parameters(request, "cursor", "limit")
        job = selectors.job_get(request.user, id)
        return page(
            request, selectors.job_images_of(job), selectors.job_image_records,
            order=("position", "id"),
        )  # fmt: skip


class JobImageView(ApiView):
    """One image of a job: where it stands, and its moves."""

    @extend_schema(
        operation_id="job_image_get", tags=["jobs"], responses={200: JobImageOut, 404: MISSING}
    )
    def get(self, request: Request, id: UUID) -> Response:
        row = selectors.job_image_get(request.user, id)
        return Response(selectors.job_image_records([row])[0])

    @extend_schema(
        operation_id="job_image_move", tags=["jobs"], parameters=[IF_MATCH], request=JobImageMove,
        responses={200: JobImageOut, 400: INVALID, 404: MISSING, 412: STALE, 428: STALE},
    )  # fmt: skip
    def patch(self, request: Request, id: UUID) -> Response:
        """Move it to another state; the table of moves is in `annotations/moves.py`."""
        row = selectors.job_image_get(request.user, id)
        operation_apply(
            user=request.user, project=row.project, kind="job_image.move", target=row.pk,
            base_version=if_match_version(request), payload=body_of(request),
        )  # fmt: skip
        return Response(selectors.job_image_records([selectors.job_image_get(request.user, id)])[0])


class ReviewQueueView(ApiView):
    """What the asking reviewer may review now, riskiest first, with the reason."""

    @extend_schema(
        operation_id="review_queue", tags=["jobs"],
        parameters=[OpenApiParameter("limit", int)],
        responses={200: page_of(ReviewOut), 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        known_parameters(request, "limit", "cursor")
        project = projects.project_get(request.user, id, "reviewer")
        limit = whole_number(request.query_params.get("limit"), "limit", 100, 1, 500)
        return Response({"results": review_queue(project, request.user, limit), "next": None})
