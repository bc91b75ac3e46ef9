"""Where the endpoints of projects and images hang."""

from django.urls import path

from samweb.projects.api import images, projects

urlpatterns = [
    path("projects", projects.ProjectsView.as_view()),
    path("projects/<uuid:id>", projects.ProjectView.as_view()),
    path("projects/<uuid:id>/memberships", projects.MembershipsView.as_view()),
    path("memberships/<uuid:id>", projects.MembershipView.as_view()),
    path("projects/<uuid:id>/uploads", images.UploadsView.as_view()),
    path("projects/<uuid:id>/images", images.ImagesView.as_view()),
    path("images/<uuid:id>", images.ImageView.as_view()),
    path("images/<uuid:id>/pixels", images.PixelsView.as_view()),
    path("images/<uuid:id>/thumbnail", images.ThumbnailView.as_view()),
]
