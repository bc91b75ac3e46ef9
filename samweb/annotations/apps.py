from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "samweb.annotations"
    label = "annotations"

    def ready(self) -> None:
        from samweb.annotations.selectors.overview import work_counts
        from samweb.annotations.services.direct import edit_journalled
        from samweb.projects import events

        events.edited.append(edit_journalled)
        events.project_counts.append(work_counts)
