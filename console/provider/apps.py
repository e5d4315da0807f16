from django.apps import AppConfig


class ProviderConfig(AppConfig):
    name = "console.provider"
    label = "provider"
