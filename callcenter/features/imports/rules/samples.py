"""Sample files, to look at and to fill in (IMP-11). Their texts are Russian, as their users' tables are. Pure."""

from __future__ import annotations

from typing import NamedTuple

from callcenter.core.i18n import N_


class Sample(NamedTuple):
    """A file: what it shows, and its rows with the header first."""

    title: str
    rows: tuple[tuple[str, ...], ...]


SAMPLES: dict[str, Sample] = {
    "clients": Sample(
        N_("Clients"),
        (
            ("Имя", "Фамилия", "Телефон", "E-mail", "Город", "Теги"),
            ("Анна", "Петрова", "+7 916 123-45-67, 8 (495) 123-45-67", "anna@example.com", "Москва", "vip; опт"),
            ("Борис", "Иванов", "8 912 000-11-22", "boris@example.com,b.ivanov@example.com", "Пермь", ""),
        ),
    ),
    "organisations": Sample(
        N_("Organisations"),
        (
            ("Название", "ИНН", "Телефон", "E-mail", "Адрес", "Сайт"),
            (
                "ООО «Ромашка»",
                "7707083893",
                "+7 495 123-45-67",
                "info@example.com",
                "Москва, Тверская, 1",
                "example.com",
            ),
            ("АО «Вектор»", "", "8 (812) 123-45-67", "office@example.org", "Санкт-Петербург", ""),
        ),
    ),
    "both": Sample(
        N_("Organisations with their people"),
        (
            ("Организация", "Телефон организации", "Имя", "Фамилия", "Должность", "Телефон"),
            ("ООО «Ромашка»", "+7 495 123-45-67", "Анна", "Петрова", "Директор", "+7 916 123-45-67"),
            ("ООО «Ромашка»", "+7 495 123-45-67", "Борис", "Иванов", "Бухгалтер", "+7 912 000-11-22"),
        ),
    ),
}
