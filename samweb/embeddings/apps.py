from django.apps import AppConfig


class EmbeddingsConfig(AppConfig):
    name = "samweb.embeddings"
    label = "embeddings"
