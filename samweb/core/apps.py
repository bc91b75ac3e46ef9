from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "samweb.core"
    label = "core"
