from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "console.search"
    label = "search"
