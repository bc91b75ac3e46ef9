from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "samweb.accounts"
    label = "accounts"

    def ready(self) -> None:
        from samweb.accounts import schema  # noqa: F401 - registers itself
