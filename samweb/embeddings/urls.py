from django.urls import URLPattern, URLResolver, path

from samweb.embeddings import api, instance_api, proposals_api, runs_api

urlpatterns: list[URLPattern | URLResolver] = [
    path("images/<uuid:id>/embedding", api.ImageEmbeddingView.as_view()),
    path("embeddings/<str:key>", api.EmbeddingView.as_view()),
    path("images/<uuid:id>/proposals", proposals_api.ImageProposalsView.as_view()),
    path("projects/<uuid:id>/proposals", proposals_api.ProjectProposalsView.as_view()),
    path("proposals/<str:key>", proposals_api.ProposalsView.as_view()),
    path("bundles", api.BundleListView.as_view()),
    path("bundles/<str:id>", api.BundleView.as_view()),
    path("bundles/<str:id>/files/<str:file>", api.BundleFileView.as_view()),
    path("instance", instance_api.InstanceView.as_view()),
    path("projects/<uuid:id>/embeddings", instance_api.ProjectEmbeddingsView.as_view()),
    path("projects/<uuid:id>/runs", runs_api.ProjectRunsView.as_view()),
    path("runs/<uuid:id>", runs_api.RunView.as_view()),
    path("runs/<uuid:id>/cancel", runs_api.RunCancelView.as_view()),
    path("runs/<uuid:id>/retry", runs_api.RunRetryView.as_view()),
]
