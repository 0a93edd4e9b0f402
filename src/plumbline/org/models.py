"""Units form a tree by region and sector; bodies supervise them; grants say who may do what, and when."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from plumbline.bilingual import say


class Unit(models.Model):
    """A department, office or enterprise, below another one.

    Attributes:
        region: code of GB/T 2260, six digits; a unit of a city has the city's.
        sector: what it is about, as datasets name their theme; empty for a unit over several.
        path: identifiers of all units above and its own, as `/1/5/`, so that a subtree is a prefix.
    """

    name = models.CharField(max_length=200, unique=True)
    former_names = models.JSONField(default=list)  # and other names by which registers call it
    region = models.CharField(max_length=6, blank=True)
    sector = models.CharField(max_length=40, blank=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="parts")
    path = models.CharField(max_length=200, blank=True)
    head = models.ForeignKey("User", models.SET_NULL, null=True, related_name="heads")

    class Meta:
        indexes = [models.Index(fields=["path"], name="unit_by_path")]

    def __str__(self) -> str:
        return self.name

    def is_within(self, other: Unit) -> bool:
        """Is it the other unit, or somewhere below it?"""
        return bool(other.path) and self.path.startswith(other.path)


class BodyKind(models.TextChoices):
    OFFICE = "office", say("监督检查室", "Supervision office")
    RESIDENT_GROUP = "resident_group", say("派驻纪检监察组", "Resident group")
    LOCALITY = "locality", say("地方纪委监委", "Local commission")


class SupervisionBody(models.Model):
    """An office (室), a resident group (组) or a locality (地); joined, they work one warning together."""

    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=20, choices=BodyKind)
    above = models.ForeignKey("self", models.PROTECT, null=True, related_name="below")

    def __str__(self) -> str:
        return self.name


class Oversight(models.Model):
    """Which units a body supervises: a subtree, in one sector or in all, for a period."""

    body = models.ForeignKey(SupervisionBody, models.CASCADE, related_name="oversights")
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="overseen")
    sector = models.CharField(max_length=40, blank=True)  # empty: all
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)  # the last day; none: open

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="oversight_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body} > {self.unit}"


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """Somebody who signs in.

    Attributes:
        person: keyed digest of their citizen number (`policy.person_digest`), so that nobody is shown
            a warning about themself; the number itself is not kept.
    """

    username = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=100)
    email = models.EmailField(blank=True)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="staff")
    person = models.CharField(max_length=64, blank=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"

    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_named_once"),
            # Two accounts of one person would be two of the three administrators, or both signatures.
            models.UniqueConstraint(
                fields=["person"], condition=~Q(person=""), name="user_once_a_person"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.username


class Role(models.TextChoices):
    """What somebody does here (核查人、室主任 ...); what each may is in `policy`."""

    DISPATCHER = "dispatcher", say("分办", "Dispatcher")
    VERIFIER = "verifier", say("核查人", "Verifier")
    OFFICE_HEAD = "office_head", say("室主任", "Head of office")
    STANDING_MEMBER = "standing_member", say("常委", "Standing member")
    SECRETARY = "secretary", say("书记", "Secretary")
    CASE_MANAGER = "case_manager", say("案件管理", "Case management")
    CLARIFIER = "clarifier", say("申诉澄清", "Appeals and clarification")
    MODEL_AUTHOR = "model_author", say("模型编写", "Model author")
    CLAUSE_REVIEWER = "clause_reviewer", say("法规审核", "Clause review")
    MODEL_APPROVER = "model_approver", say("模型审批", "Model approval")
    DATA_MANAGER = "data_manager", say("数据管理", "Data management")
    DATA_PROVIDER = "data_provider", say("数据提供", "Data provider")
    UNIT_CONTACT = "unit_contact", say("整改联系人", "Rectification contact")
    STATISTICIAN = "statistician", say("统计", "Statistics")
    SYSTEM_ADMIN = "system_admin", say("系统管理员", "System administrator")
    SECURITY_ADMIN = "security_admin", say("安全管理员", "Security administrator")
    AUDIT_ADMIN = "audit_admin", say("审计管理员", "Audit administrator")


#: The three administrators (三员分立): nobody is two of them, and none of them works warnings.
ADMINISTRATORS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)


#: Roles in a unit that is supervised; all but these and the administrators' are in a body that supervises.
UNIT_ROLES = (Role.DATA_PROVIDER, Role.UNIT_CONTACT)


class GrantQuerySet(models.QuerySet["Grant"]):
    def on(self, day: date) -> GrantQuerySet:
        """Those in force on a day."""
        return self.filter(
            Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day, withdrawn_at=None
        )


class Grant(models.Model):
    """A role somebody has for a period: in a supervision body, or in a unit that is supervised.

    Triggers (`migrations/0002_parts.py`) keep the three administrators and the officers apart at every
    moment, and the same grant from being given twice.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="grants")
    role = models.CharField(max_length=20, choices=Role)
    body = models.ForeignKey(SupervisionBody, models.PROTECT, null=True, related_name="grants")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="grants")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="granted")
    withdrawn_at = models.DateTimeField(null=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=ADMINISTRATORS, body=None, unit=None)
                | Q(role__in=UNIT_ROLES, body=None, unit__isnull=False)
                | (~Q(role__in=[*ADMINISTRATORS, *UNIT_ROLES]) & Q(body__isnull=False, unit=None)),
                name="grant_where_the_role_belongs",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="grant_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(granted_by=None) | ~Q(granted_by=F("user")),
                name="grant_not_by_oneself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role}"

    def is_on(self, day: date) -> bool:
        """Is it in force on a day? As `GrantQuerySet.on` asks the database."""
        if self.withdrawn_at is not None or day < self.starts_on:
            return False
        return self.ends_on is None or day <= self.ends_on


class Delegation(models.Model):
    """Who does somebody's work while they are away; for these days they share whom they may not judge."""

    principal = models.ForeignKey(User, models.PROTECT, related_name="delegates")
    deputy = models.ForeignKey(User, models.PROTECT, related_name="stands_in_for")
    starts_on = models.DateField()
    ends_on = models.DateField()
    reason = models.TextField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(principal=F("deputy")), name="delegation_to_somebody_else"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="delegation_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.principal} > {self.deputy}"


class Kin(models.Model):
    """A relative that somebody has declared; they never see a warning about them."""

    user = models.ForeignKey(User, models.CASCADE, related_name="kin")
    relation = models.CharField(max_length=40)
    person = models.CharField(max_length=64)  # digest, as of the user

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "person"], name="kin_once")]

    def __str__(self) -> str:
        return self.relation
