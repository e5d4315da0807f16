"""`make words`: as Django's own, and it knows `lazy` as well, our name for `gettext_lazy` beside `gettext as _`."""

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    xgettext_options = makemessages.Command.xgettext_options + ["--keyword=lazy"]  # noqa: RUF005 - as its base has it
