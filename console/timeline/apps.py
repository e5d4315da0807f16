from django.apps import AppConfig


class TimelineConfig(AppConfig):
    name = "console.timeline"
    label = "timeline"
