from django.apps import AppConfig


class EmbeddingsConfig(AppConfig):
    name = "samweb.embeddings"
    label = "embeddings"

    def ready(self) -> None:
        from samweb.embeddings import selectors, services
        from samweb.projects import events

        events.image_added.append(services.image_added)
        events.image_fields["embedding"] = selectors.embedding_states
        events.bundle_changing.append(services.project_bundle_change)
