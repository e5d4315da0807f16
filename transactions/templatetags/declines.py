"""Declines in plain words, for templates of apps that cannot import transactions."""

from django import template

from transactions.declines import Decline, decline_of

register = template.Library()


@register.filter
def decline(words: str) -> Decline:
    """{{ transaction.declined_reason|decline }}: its label, meaning, advice and who can fix it."""
    return decline_of(words)
