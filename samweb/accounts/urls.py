"""Where the account endpoints hang."""

from django.urls import path

from samweb.accounts import api

urlpatterns = [
    path("session", api.SessionView.as_view()),
    path("session/user", api.SessionUserView.as_view()),
    path("tokens", api.TokensView.as_view()),
    path("tokens/<uuid:id>", api.TokenView.as_view()),
    path("users", api.UsersView.as_view()),
    path("users/<uuid:id>", api.UserView.as_view()),
    path("audit", api.AuditView.as_view()),
]
