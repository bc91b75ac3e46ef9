from django.urls import URLPattern, URLResolver, path

from samweb.annotations.api import annotations, comments, jobs, labels, operations, overview

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/<uuid:id>/operations", operations.OperationsView.as_view()),
    path("projects/<uuid:id>/changes", operations.ChangesView.as_view()),
    path("projects/<uuid:id>/annotations", annotations.ProjectAnnotationsView.as_view()),
    path("projects/<uuid:id>/labels", labels.LabelListView.as_view()),
    path("projects/<uuid:id>/jobs", jobs.ProjectJobsView.as_view()),
    path("projects/<uuid:id>/review-queue", jobs.ReviewQueueView.as_view()),
    path("projects/<uuid:id>/overview", overview.OverviewView.as_view()),
    path("images/<uuid:id>/annotations", annotations.ImageAnnotationsView.as_view()),
    path("images/<uuid:id>/comments", comments.ImageCommentsView.as_view()),
    path("annotations/<uuid:id>", annotations.AnnotationView.as_view()),
    path("annotations/<uuid:id>/history", annotations.AnnotationHistoryView.as_view()),
    path("annotations/<uuid:id>/mask.png", annotations.AnnotationMaskView.as_view()),
    path("comments/<uuid:id>", comments.CommentView.as_view()),
    path("labels/<uuid:id>", labels.LabelView.as_view()),
    path("jobs", jobs.MyJobsView.as_view()),
    path("jobs/<uuid:id>", jobs.JobView.as_view()),
    path("jobs/<uuid:id>/images", jobs.JobImagesView.as_view()),
    path("jobs/<uuid:id>/proposals", jobs.JobProposalsView.as_view()),
    path("job-images/<uuid:id>", jobs.JobImageView.as_view()),
]
