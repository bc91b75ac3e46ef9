from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "samweb.projects"
    label = "projects"
