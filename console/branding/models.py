"""What an administrator set of the brand: one row, and the images it has used."""

from typing import ClassVar

from django.db import models


class Image(models.Model):
    """Named by its content, so that its address may be kept for ever. It stays when another takes its place: an e-mail
    that was sent goes on showing it."""

    name = models.CharField(max_length=80, primary_key=True)  # sha256 in hex, a dot, and what it is
    content_type = models.CharField(max_length=40)
    width = models.PositiveIntegerField()  # pixels; of an SVG, its own units
    height = models.PositiveIntegerField()
    data = models.BinaryField()

    def __str__(self) -> str:
        return self.name


class BrandSettings(models.Model):
    """An empty field means what the environment says."""

    name = models.CharField(max_length=60, blank=True)
    accent = models.CharField(max_length=7, blank=True)
    support_email = models.EmailField(blank=True)
    logo = models.ForeignKey(Image, models.PROTECT, null=True, related_name="+")
    favicon = models.ForeignKey(Image, models.PROTECT, null=True, related_name="+")
    picture = models.ForeignKey(Image, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(pk=1), name="one_brand")]

    def __str__(self) -> str:
        return self.name
