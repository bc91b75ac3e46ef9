"""The one Channels consumer."""

from django.urls import URLPattern

websocket_urlpatterns: list[URLPattern] = []
