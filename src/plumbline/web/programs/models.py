"""Tokens of programs, addresses that are told what happens, and what was sent to them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plumbline.bilingual import say
from plumbline.org.models import User


class Scope(models.TextChoices):
    """What a token opens; never more than the rights of whoever it acts for."""

    WARNINGS = "warnings:read", say("读取预警", "Read warnings")
    DISPOSALS = "disposals:read", say("读取处置", "Read disposals")
    SIGN = "disposals:sign", say("签收处置", "Sign for disposals")
    DELIVERIES = "deliveries:read", say("读取报送情况", "Read deliveries")
    DELIVER = "deliveries:write", say("报送数据", "Deliver data")
    FIGURES = "figures:read", say("读取统计", "Read figures")


class Token(models.Model):
    """What a program shows to act for somebody.

    Attributes:
        name: of the program, in words.
        digest: SHA-256 of the secret, which is shown once and kept nowhere.
        begins: the secret's first characters, by which people recognise it.
        scopes: list of `Scope`.
        used_at: when it was last used, to the hour.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    begins = models.CharField(max_length=12)
    scopes = models.JSONField(default=list)
    issued_at = models.DateTimeField()
    ends_on = models.DateField()
    withdrawn_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="token_by_user")]

    def __str__(self) -> str:
        return self.begins


class Subscription(models.Model):
    """An address that is told of what somebody may see.

    Attributes:
        nouns: list of what it is told of, such as `warning`.
        salt: of which, with the workbench's own secret, the key is made that signs what is sent.
        position: of the sealed row of the trail up to which everything was looked through.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="subscriptions")
    name = models.CharField(max_length=100)
    address = models.URLField(max_length=500)
    nouns = models.JSONField(default=list)
    salt = models.CharField(max_length=40)
    position = models.BigIntegerField(default=-1)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(ended_at=None), name="subscription_running")
        ]

    def __str__(self) -> str:
        return self.name


class Message(models.Model):
    """One act, told to one address: a pointer, never what is in the warning.

    Attributes:
        entry: number of the act on the trail; `position` its place in the tree.
        body: exactly the bytes that are sent and signed.
        tries: how often it was sent; `next_at` when it is sent again; none once it arrived or was given up.
        problem: why the last try failed.
    """

    class State(models.TextChoices):
        WAITING = "waiting", say("待发送", "Waiting")
        SENT = "sent", say("已送达", "Arrived")
        GIVEN_UP = "given_up", say("已放弃", "Given up")

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="messages")
    entry = models.BigIntegerField()
    position = models.BigIntegerField()
    action = models.CharField(max_length=80)
    body = models.TextField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    made_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "entry"], name="message_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", next_at__isnull=False)
                | (~Q(state="waiting") & Q(next_at=None)),
                name="message_waits_or_not",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state="waiting"), name="message_due"),
            models.Index(fields=["subscription", "-id"], name="message_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.entry}"
