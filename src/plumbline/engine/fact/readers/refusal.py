"""Words for files that cannot be read at all."""

from __future__ import annotations

from plumbline.errors import DeliveryError, Text

SEND_AGAIN = Text(
    "请报送单位重新导出并发送", "ask the department to export it afresh and send it again"
)


def refusal(file: str, zh: str, en: str, hint: Text = SEND_AGAIN) -> DeliveryError:
    """The error for `file`: what is wrong in both languages, and what to do."""
    return DeliveryError(Text(zh, en), where=file, hint=hint)


def encrypted(file: str) -> DeliveryError:
    return refusal(
        file,
        "文件设有密码，无法读取",
        "the file is protected by a password and cannot be read",
        Text(
            "请报送单位取消密码后重新发送，或打开后另存一份不加密的副本",
            "ask the department for a copy without a password, or save one after opening it",
        ),
    )


def damaged(file: str, detail: object) -> DeliveryError:
    return refusal(
        file,
        f"文件已损坏或不完整（{detail}）",
        f"the file is damaged or incomplete ({detail})",
    )


def empty(file: str) -> DeliveryError:
    return refusal(file, "文件是空的", "the file is empty")
