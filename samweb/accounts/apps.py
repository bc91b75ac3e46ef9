from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "samweb.accounts"
    label = "accounts"
