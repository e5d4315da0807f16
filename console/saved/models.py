"""What people keep of a list: views with a name, and how they like a list to come."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

NAME_LENGTH = 60
QUERY_LENGTH = 2000


class SavedView(models.Model):
    """A list as somebody left it. `list` is its route (`cards:list`), `query` its address without the place in it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    list = models.CharField(max_length=80)
    name = models.CharField(max_length=NAME_LENGTH)
    query = models.CharField(max_length=QUERY_LENGTH, blank=True)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "list", "name"], name="saved_name_once")]
        indexes: ClassVar = [models.Index(fields=["list", "shared"], name="saved_of_list")]

    def __str__(self) -> str:
        return self.name


class Habit(models.Model):
    """How a list opens for somebody when its address asks for nothing: a view, and the columns it has without one."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    list = models.CharField(max_length=80)
    view = models.ForeignKey(SavedView, null=True, on_delete=models.SET_NULL, related_name="+")
    columns = models.CharField(max_length=QUERY_LENGTH, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "list"], name="saved_habit_once")]

    def __str__(self) -> str:
        return self.list
