"""allauth without sign-up: staff are made by an administrator or by `manage.py create_staff`. Its e-mails are the brand's."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.template import TemplateDoesNotExist
from django.template.loader import get_template, render_to_string

from console.branding import mail


class ClosedAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return str(request.META.get("REMOTE_ADDR", ""))

    def render_mail(
        self,
        template_prefix: str,
        email: str,
        context: dict[str, Any],
        headers: dict[str, str] | None = None,  # noqa: ARG002
    ) -> EmailMultiAlternatives:
        """Its plain text in the brand's frame, where we have no words of our own."""
        subject = " ".join(render_to_string(f"{template_prefix}_subject.txt", context).split())
        try:
            template = f"{template_prefix}_message.html"
            get_template(template)
        except TemplateDoesNotExist:
            text = render_to_string(f"{template_prefix}_message.txt", context)
            return mail.message(email, subject, "email/plain.html", {"text": text})
        return mail.message(email, subject, template, context)
