"""The tables behind the review pages: accounts, the queue, one reviewer's work on one call, what was seen too early.

``store.models`` takes them in; ``store.accounts``, ``store.queue`` and ``store.sittings`` read and write them.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """What the pages know of a person beside Django's account: whose calls they may see, and how they like to work.

    ``agent_id`` ties the account to the agent whose results it shows; ``preferences`` are of the player.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="account")
    agent_id = models.TextField(_("工号"), blank=True, db_index=True)
    team = models.TextField(_("班组"), blank=True)
    preferences = models.JSONField(default=dict, blank=True)

    class Meta:
        """What a role may allow; ``review.roles`` says which role allows what."""

        verbose_name = verbose_name_plural = _("账号信息")
        permissions = (
            ("judge_calls", "Claim calls from the queue and judge them"),
            ("see_calls", "See every call with what the machine says"),
            ("reveal_blind", "See a blind call's machine result before it is reviewed"),
            ("manage_queue", "Hand over and release other people's calls"),
            ("see_agents", "See estimates and findings of agents and teams"),
            ("see_own_results", "See one's own reviewed calls and appeal"),
            ("decide_appeals", "Decide appeals"),
            ("see_rules", "Read the rulebooks"),
            ("publish_rules", "Publish a rulebook with an effective date"),
            ("see_nights", "See the nightly runs"),
            ("retry_nights", "Have failed recordings tried again"),
            ("run_calibration", "Set up calibration sessions and their standard scores"),
            ("rate_calibration", "Score calls of a calibration session"),
            ("use_api", "Use the API with a token"),
            ("see_training", "See common errors and take training packs"),
            ("name_agents", "Take agents' names along in training packs"),
            ("coach_agents", "Agree on coaching with agents and see what came of it"),
        )


class QueueItem(models.Model):
    """One call that a person is to hear, with whoever has it in hand.

    Call id, agent, team, business and length are copied from the recording, so that the queue is one table to read.
    ``claimed_by`` holds the call until ``lease_until``; after that anybody may take it. ``reserved_for`` keeps it for
    one person to whom it was handed.
    """

    recording = models.OneToOneField("store.Recording", on_delete=models.PROTECT, related_name="queue_item")
    call_id = models.TextField()
    lane = models.CharField(max_length=16)
    reason = models.TextField(blank=True)
    priority = models.IntegerField()
    agent_id = models.TextField(blank=True)
    agent_name = models.TextField(blank=True)
    team = models.TextField(blank=True)
    business_type = models.TextField(blank=True)
    duration_s = models.FloatField(null=True)
    started_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField()
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="claimed_items"
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    reserved_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="reserved_items"
    )
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="done_items"
    )
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Open items in the order in which they are heard; what was done on a day."""

        indexes = (
            models.Index(
                fields=["priority", "queued_at", "id"],
                name="queue_open",
                condition=models.Q(done_at__isnull=True),
            ),
            models.Index(fields=["done_at", "done_by"], name="queue_done"),
        )

    @property
    def held(self) -> bool:
        """Whether somebody has the call in hand now."""
        return self.claimed_by_id is not None and self.lease_until is not None and self.lease_until >= timezone.now()


class Sitting(models.Model):
    """One person's work on one call, from opening it to submitting; its events say what was done.

    ``version`` is the number of its last event: whoever writes says which version they saw, so that two tabs never
    overwrite each other. ``blind`` says whether the machine's result was withheld all the time.
    """

    recording = models.ForeignKey("store.Recording", on_delete=models.PROTECT, related_name="sittings")
    assessment = models.ForeignKey("store.Assessment", null=True, on_delete=models.PROTECT, related_name="sittings")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sittings")
    purpose = models.CharField(max_length=16)
    session = models.TextField(blank=True)
    blind = models.BooleanField()
    version = models.IntegerField(default=0)
    listened_s = models.FloatField(default=0.0)
    started_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    review = models.OneToOneField("store.Review", null=True, on_delete=models.PROTECT, related_name="sitting")

    class Meta:
        """One open sitting for a person, call and purpose."""

        constraints = (
            models.UniqueConstraint(
                fields=["recording", "reviewer", "purpose", "session"],
                condition=models.Q(submitted_at__isnull=True),
                name="sitting_open_once",
            ),
        )
        indexes = (models.Index(fields=["reviewer", "submitted_at"], name="sitting_reviewer"),)


class _AppendOnly(models.Model):
    """Rows that are added and never changed or removed."""

    class Meta:
        """Only a mixin."""

        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the row; a row that exists stays as it is."""
        if not self._state.adding:
            raise TypeError("this record is never changed; add another one")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse: the record is never removed."""
        raise TypeError("this record is never removed; add another one")


class SittingEvent(_AppendOnly):
    """One thing that was done in a sitting: who, when, from where; undoing is an event of its own."""

    sitting = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="events")
    number = models.IntegerField()
    kind = models.CharField(max_length=24)
    payload = models.JSONField(default=dict)
    person = models.TextField()
    address = models.CharField(max_length=64, blank=True)
    agent_string = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        """Events are numbered without a gap."""

        constraints = (models.UniqueConstraint(fields=["sitting", "number"], name="sitting_event_number"),)


class AddedViolation(_AppendOnly):
    """A violation that a person found and the machine had not, as it was submitted."""

    review = models.ForeignKey("store.Review", on_delete=models.PROTECT, related_name="added")
    recording = models.ForeignKey("store.Recording", on_delete=models.PROTECT, related_name="added")
    agent_id = models.TextField(blank=True)
    rule = models.CharField(max_length=128)
    category = models.CharField(max_length=128)
    severity = models.CharField(max_length=16)
    points = models.FloatField()
    role = models.CharField(max_length=16)
    start_s = models.FloatField()
    end_s = models.FloatField()
    quote = models.TextField(blank=True)
    comment = models.TextField(blank=True)

    class Meta:
        """Counted by rule, and by agent and rule."""

        indexes = (
            models.Index(fields=["rule"], name="added_rule"),
            models.Index(fields=["agent_id", "rule"], name="added_agent_rule"),
        )


class LineCorrection(_AppendOnly):
    """What a person says was really said in one line of a transcript; the line itself stays as the engine wrote it."""

    recording = models.ForeignKey("store.Recording", on_delete=models.PROTECT, related_name="corrections")
    review = models.ForeignKey("store.Review", on_delete=models.PROTECT, related_name="corrections")
    start_s = models.FloatField()
    end_s = models.FloatField()
    role = models.CharField(max_length=16)
    heard = models.TextField()
    corrected = models.TextField()
    person = models.TextField()
    at = models.DateTimeField()


class Reveal(_AppendOnly):
    """Somebody saw what the machine says of a blind call: after submitting, or before it, which is remembered."""

    recording = models.ForeignKey("store.Recording", on_delete=models.PROTECT, related_name="reveals")
    person = models.TextField()
    before_review = models.BooleanField()
    reason = models.TextField(blank=True)
    address = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        """Read by call."""

        indexes = (models.Index(fields=["recording", "person"], name="reveal_recording"),)
