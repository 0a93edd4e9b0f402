from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class DeliveryConfig(AppConfig):
    name = "plumbline.loop.delivery"
    label = "delivery"
    verbose_name = say("数据归集", "Deliveries")
