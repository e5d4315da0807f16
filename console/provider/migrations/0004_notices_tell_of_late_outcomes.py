"""What a person has not been told yet is a notice of theirs from now on."""

from django.db import migrations


def make_notices(apps, _schema):
    Command = apps.get_model("provider", "Command")
    Notice = apps.get_model("notices", "Notice")
    for command in Command.objects.filter(untold=True).exclude(actor=None).iterator():
        words = f"{command.get_kind_display()}: {command.get_state_display()}"
        Notice.objects.get_or_create(
            person_id=command.actor_id, key=f"command:{command.pk}:{command.state}",
            defaults={"kind": "outcome", "words": words, "url": f"/commands/{command.pk}/"},
        )


class Migration(migrations.Migration):
    dependencies = [("provider", "0003_charges"), ("notices", "0001_told_and_chosen")]

    operations = [
        migrations.RunPython(make_notices, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="command", name="command_untold"),
        migrations.RemoveField(model_name="command", name="untold"),
    ]
