"""A run that somebody asked for, while it waits and while it goes on."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from plumbline.bilingual import say
from plumbline.kit.flow import Flow, Move
from plumbline.org.models import User


class State(models.TextChoices):
    ASKED = "asked", say("排队", "Waiting")
    RUNNING = "running", say("运行中", "Running")
    DONE = "done", say("完成", "Done")
    FAILED = "failed", say("未能完成", "Could not be done")


RUN_FLOW = Flow(
    "run_request",  # `run` is the engine's
    State,
    {
        # One whose process died is begun again: the same run over the same facts enters nothing twice.
        "begin": Move({State.ASKED, State.RUNNING}, State.RUNNING, says="begun"),
        "finish": Move(State.RUNNING, State.DONE, says="finished"),
        "fail": Move(State.RUNNING, State.FAILED, says="failed"),
    },
    ends=frozenset({State.DONE, State.FAILED}),
)


class RunRequest(models.Model):
    """A run that somebody asked for.

    Attributes:
        only: names of the models; none means all that are live or on trial.
        accept: model -> reason, to let in a result outside its expected rate.
        number: the engine's, once it is done.
        current, done, of: the model that runs now, how many are done, and of how many.
        problem: [zh, en] why it could not be done.
    """

    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    only = models.JSONField(default=list)
    accept = models.JSONField(default=dict)
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    number = models.PositiveIntegerField(null=True)
    current = models.CharField(max_length=100, blank=True)
    done = models.PositiveIntegerField(default=0)
    of = models.PositiveIntegerField(default=0)
    problem = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="run_has_a_reason"),
            models.CheckConstraint(condition=Q(done__lte=F("of")), name="run_done_of_all"),
            models.UniqueConstraint(
                fields=["state"], condition=Q(state=State.ASKED), name="run_waits_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"
