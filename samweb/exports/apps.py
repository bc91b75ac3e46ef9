from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "samweb.exports"
    label = "exports"
