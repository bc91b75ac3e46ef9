"""Where everything hangs: the API, the health probes, and the front end for all other paths."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from samweb.config import pages

api = [
    path("", include("samweb.accounts.urls")),
    path("", include("samweb.projects.urls")),
    path("", include("samweb.embeddings.urls")),
    path("", include("samweb.annotations.urls")),
    path("", include("samweb.exports.urls")),
    path("", include("samweb.core.urls")),
]

urlpatterns = [
    path("api/v1/", include(api)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema")),
    path("healthz", pages.health),
    path("readyz", pages.ready),
    path("sign-in/<str:secret>", pages.sign_in_by_link),
    path("admin/", admin.site.urls),
    re_path(r"^(?!api/|static/|ws/|admin/).*$", pages.front_end),
]
