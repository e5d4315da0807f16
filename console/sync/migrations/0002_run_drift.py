from collections import Counter

from django.db import migrations, models


def carry_over(apps, _schema_editor):
    """Imports under way go on where they are; other runs begin again, since theirs are short. What differed is counted
    from what was kept of it."""
    Run = apps.get_model("sync", "Run")
    for run in Run.objects.filter(state="running"):
        at = run.cursor.get("at", 0)
        left = run.resources[at:]
        going = run.kind == "import" and left
        run.cursor = {"left": left, "now": left[0], "places": {left[0]: run.cursor.get("in", {})}} if going else {}
        run.save(update_fields=["cursor"])
    for run in Run.objects.exclude(kind="import").exclude(differences=[]).iterator():
        found = Counter(each["resource"] for each in run.differences if "fields" in each)
        run.drift = {resource: {"differed": n} for resource, n in found.items()}
        run.save(update_fields=["drift"])


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_initial")]

    operations = [
        migrations.AddField(model_name="run", name="drift", field=models.JSONField(default=dict)),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
    ]
