"""The words around a consent text on the tablet, in the text's language: its reader may know no other."""

from __future__ import annotations

from collections.abc import Mapping

from trialrun.app.language import gettext, marked

_ENGLISH: Mapping[str, str] = {
    "title": marked("Information and consent"),
    "question": marked("Question {number} of {count}"),
    "questions_lead": marked("A few questions about what you have read. You may read the text again at any time."),
    "not_right": marked("That is not quite right"),
    "try_again": marked("Please try again."),
    "answer": marked("Answer"),
    "have_read": marked("I have read the text"),
    "read_again": marked("Read the text again"),
    "decline": marked("I do not want to take part now"),
    "sign_title": marked("Signature"),
    "agree": marked("I have read and understood the text, could ask questions, and take part of my own free will."),
    "name": marked("Your full name"),
    "draw": marked("Your signature"),
    "draw_help": marked("Draw it in the box with a finger, a pen or the mouse. You may also leave the box empty: your typed name then is your signature."),
    "clear_box": marked("Clear"),
    "sign": marked("Sign"),
    "signed_title": marked("Thank you. Your consent is recorded."),
    "declined_title": marked("Nothing was signed."),
    "give_back": marked("Please give the tablet back to the person who handed it to you. You receive a copy of what you signed."),
    "give_back_declined": marked("Please give the tablet back to the person who handed it to you. Your treatment goes on as usual."),
    "ask_staff": marked("Please ask the person who gave you the tablet."),
    "problem": marked("This did not work"),
    "staff": marked("For staff: take the tablet back"),
    "choose": marked("Choose one answer."),
}  # fmt: skip

_PERSIAN: Mapping[str, str] = {
    "title": "اطلاعات و رضایت",
    "question": "پرسش {number} از {count}",
    "questions_lead": "چند پرسش دربارهٔ آنچه خوانده‌اید. هر زمان می‌توانید متن را دوباره بخوانید.",
    "not_right": "این پاسخ کاملاً درست نیست",
    "try_again": "لطفاً دوباره پاسخ دهید.",
    "answer": "پاسخ",
    "have_read": "متن را خوانده‌ام",
    "read_again": "متن را دوباره می‌خوانم",
    "decline": "اکنون نمی‌خواهم شرکت کنم",
    "sign_title": "امضا",
    "agree": "متن را خوانده و فهمیده‌ام، توانستم بپرسم و با ارادهٔ آزاد خود شرکت می‌کنم.",
    "name": "نام و نام خانوادگی شما",
    "draw": "امضای شما",
    "draw_help": "با انگشت، قلم یا ماوس در کادر امضا کنید. می‌توانید کادر را خالی بگذارید؛ در این صورت نام نوشته‌شده امضای شماست.",
    "clear_box": "پاک کردن",
    "sign": "امضا می‌کنم",
    "signed_title": "سپاسگزاریم. رضایت شما ثبت شد.",
    "declined_title": "چیزی امضا نشد.",
    "give_back": "لطفاً تبلت را به کسی که آن را به شما داد برگردانید. نسخه‌ای از آنچه امضا کردید به شما داده می‌شود.",
    "give_back_declined": "لطفاً تبلت را به کسی که آن را به شما داد برگردانید. درمان معمول شما ادامه می‌یابد.",
    "ask_staff": "لطفاً از کسی که تبلت را به شما داد بپرسید.",
    "problem": "این کار انجام نشد",
    "staff": "برای کارکنان: پس گرفتن تبلت",
    "choose": "یک پاسخ را انتخاب کنید.",
}

_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_OWN: Mapping[str, Mapping[str, str]] = {"fa": _PERSIAN}


def tablet_words(language: str) -> Mapping[str, str]:
    """The words in a text's language; in the reader's (of the pages) where they are not known in it."""
    return _OWN.get(language) or {name: gettext(text) for name, text in _ENGLISH.items()}


def counted(language: str, number: int) -> str:
    """A number in the digits the language is read in."""
    return str(number).translate(_DIGITS) if language == "fa" else str(number)


def speaks(language: str) -> bool:
    """Whether the words are known in a text's own language."""
    return language in _OWN or language == "en"
