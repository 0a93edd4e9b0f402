"""What is filled in about money: amounts in yuan, kept in fen; each with what shows it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from plumbline.bilingual import say
from plumbline.loop.disposal.models import Disposal, Document, Posting


class EvidenceForm(forms.Form):
    """A receipt: a file that is handed in now, or one that is there already."""

    key = forms.CharField(
        label=say("票据号", "Number of the receipt"), max_length=100,
        help_text=say("同一票据只记一次", "the same receipt counts once"),
    )  # fmt: skip
    file = forms.FileField(label=say("凭证文件", "Evidence"), required=False)
    document = forms.ModelChoiceField(
        Document.objects.none(),
        label=say("或已有的文件", "or a file that is there"),
        required=False,
    )

    def __init__(self, disposal: Disposal, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.disposal = disposal
        self.fields["document"].queryset = disposal.documents.order_by("-pk")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("file")) == bool(data.get("document")):
            raise forms.ValidationError(say("请附一份凭证，或选择已有的文件", "attach the evidence, or choose one file"))  # fmt: skip
        return data


class SumForm(EvidenceForm):
    amount = forms.DecimalField(
        label=say("金额（元）", "Amount (yuan)"), min_value=Decimal("0.01"), max_digits=15, decimal_places=2
    )  # fmt: skip
    currency = forms.RegexField(r"^[A-Z]{3}$", label=say("币种", "Currency"), initial="CNY")
    reason = forms.CharField(label=say("说明", "Remark"), required=False, max_length=1000)

    field_order = ("kind", "amount", "currency", "key", "file", "document", "reason")

    @property
    def fen(self) -> int:
        return int(self.cleaned_data["amount"] * 100)


class PostForm(SumForm):
    kind = forms.ChoiceField(
        label=say("类别", "Kind"),
        choices=[(k.value, k.label) for k in Posting.Kind if k != Posting.Kind.WRITTEN_OFF],
    )


class WriteOffForm(SumForm):
    reason = forms.CharField(label=say("核销理由", "Reason"), max_length=1000)


class ReverseForm(EvidenceForm):
    posting = forms.ModelChoiceField(
        Posting.objects.none(), label=say("冲销哪一笔", "Which posting")
    )
    reason = forms.CharField(label=say("冲销理由", "Reason"), max_length=1000)

    field_order = ("posting", "reason", "key", "file", "document")

    def __init__(self, disposal: Disposal, *args: Any, **kwargs: Any) -> None:
        super().__init__(disposal, *args, **kwargs)
        open_ones = disposal.postings.filter(reverses=None, reversed_by=None).order_by("pk")
        self.fields["posting"].queryset = open_ones  # type: ignore[attr-defined]
        self.fields["posting"].label_from_instance = _in_words  # type: ignore[attr-defined]


class RefuseForm(forms.Form):
    reason = forms.CharField(label=say("不同意的理由", "Why not"), max_length=1000)


def _in_words(posting: Posting) -> str:
    return f"{posting.get_kind_display()} {yuan(posting.fen)} {posting.currency} · {posting.key}"


def yuan(fen: int) -> str:
    """Fen as yuan with two places; exact."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{rest:02d}"
