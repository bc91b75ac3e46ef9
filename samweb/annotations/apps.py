from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "samweb.annotations"
    label = "annotations"
