"""Where the export endpoints hang."""

from django.urls import path

from samweb.exports import api

urlpatterns = [
    path("projects/<uuid:id>/exports", api.ProjectExportsView.as_view()),
    path("exports/<uuid:id>", api.ExportView.as_view()),
    path("exports/<uuid:id>/file", api.ExportFileView.as_view()),
]
