from django.apps import AppConfig


class VocabularyConfig(AppConfig):
    name = "console.vocabulary"
    label = "vocabulary"
