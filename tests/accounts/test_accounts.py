"""Passwords, second factors, sessions and drafts: the same promises on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from trialrun.accounts.passwords import PasswordError, check_new_password

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
GOOD = "seven green bicycles"
MINUTE = timedelta(minutes=1)


# --- passwords ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "elevenchars",
        "x" * 201,
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "123456789012",
        "098765432109",
        "Password1234!",
        "passwordpassword",
        "qwertyuiop12",
        "QWERTY123456",
        "asdfghjklasdfghjkl",
        "abcdefghijklmnop",
        "LetMeInPlease!!",
        "correct horse battery staple",
        "mostafa loves tea",
        "dr.rahimi-2026!",
        "nct05871463 team",
    ],
)
def test_a_guessable_password_is_refused(password):
    with pytest.raises(PasswordError):
        check_new_password(password, ("mostafa", "Dr. Leila Rahimi", "NCT05871463"))


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "ali walks to the sea",  # three letters of a name are too common to refuse
        "83647 19375 02648",
        "دوچرخه سبز هفتم من",
        "qwerty and a violet spoon",
    ],
)
def test_no_rules_of_composition(password):
    check_new_password(password, ("ali", "Leila Rahimi"))


def test_a_password_is_known_again_and_kept_only_as_a_hash(accounts, open_again):
    accounts.set_password("leila", GOOD, now=NOW)
    assert open_again().check_password("leila", GOOD, now=NOW).ok
    assert not accounts.check_password("leila", GOOD + "!", now=NOW).ok
    assert not accounts.check_password("leila", "", now=NOW).ok
    (row,) = accounts._database.rows("SELECT * FROM credentials")
    assert GOOD not in str(row)
    assert "$argon2id$" in str(row)


def test_the_same_words_in_another_unicode_form_fit(accounts):
    accounts.set_password("leila", "cafe\N{COMBINING ACUTE ACCENT} sieben Räder", now=NOW)
    assert accounts.check_password("leila", "caf\N{LATIN SMALL LETTER E WITH ACUTE} sieben Räder", now=NOW).ok


def test_an_account_without_password_and_one_that_does_not_exist_never_fit(accounts):
    assert not accounts.has_password("leila")
    for password in ("", "x", GOOD):
        assert not accounts.check_password("leila", password, now=NOW).ok


def test_an_unknown_name_costs_one_hash_like_a_known_one(accounts, monkeypatch):
    accounts.set_password("leila", GOOD, now=NOW)
    looked_at = []
    verify = type(accounts._costs.hasher).verify
    monkeypatch.setattr(
        type(accounts._costs.hasher),
        "verify",
        lambda self, kept, given: looked_at.append(kept) or verify(self, kept, given),
    )
    for user in ("leila", "nobody"):
        accounts.check_password(user, "wrong", now=NOW)
    assert len(looked_at) == 2
    costs = [kept.split("$")[3] for kept in looked_at]
    assert costs[0] == costs[1]


# --- lockout -----------------------------------------------------------------------------------


def fail(accounts, times, now=NOW, user="leila", **more):
    return [accounts.check_password(user, f"wrong {n}", now=now, **more) for n in range(times)]


@pytest.mark.parametrize("user", ["leila", "nobody"])
def test_five_failures_lock_known_and_unknown_names_alike(accounts, user):
    accounts.set_password("leila", GOOD, now=NOW)
    results = fail(accounts, 7, user=user)
    assert [result.just_locked for result in results] == [False] * 4 + [True] + [False] * 2
    assert results[4].locked_until == NOW + 15 * MINUTE
    assert accounts.locked_until(user.upper(), now=NOW) == NOW + 15 * MINUTE
    right = accounts.check_password(user, GOOD, now=NOW + 14 * MINUTE)
    assert not right.ok
    assert right.locked_until == NOW + 15 * MINUTE


def test_a_lock_ends_and_the_next_is_longer(accounts):
    accounts.set_password("leila", GOOD, now=NOW)
    fail(accounts, 5)
    later = NOW + 16 * MINUTE
    assert fail(accounts, 5, later)[-1].locked_until == later + 30 * MINUTE
    much_later = later + 31 * MINUTE
    assert accounts.check_password("leila", GOOD, now=much_later).ok
    assert fail(accounts, 5, much_later)[-1].locked_until == much_later + 15 * MINUTE


def test_a_lock_never_grows_beyond_eight_hours(accounts):
    now = NOW
    for _ in range(12):
        until = fail(accounts, 5, now)[-1].locked_until
        assert until - now <= timedelta(hours=8)
        now = until + MINUTE


def test_failures_far_apart_lock_nobody(accounts):
    accounts.set_password("leila", GOOD, now=NOW)
    for n in range(8):
        assert fail(accounts, 1, NOW + n * 4 * MINUTE)[0].locked_until is None or n == 7
    # Four within each quarter of an hour; the count begins anew with the first failure after it.


def test_success_and_an_administrator_begin_the_count_anew(accounts):
    accounts.set_password("leila", GOOD, now=NOW)
    fail(accounts, 4)
    assert accounts.check_password("leila", GOOD, now=NOW).ok
    assert not any(result.locked_until for result in fail(accounts, 4))
    fail(accounts, 1)
    assert accounts.unlock("leila")
    assert accounts.check_password("leila", GOOD, now=NOW).ok


def test_an_address_that_guesses_many_names_is_locked_and_locks_nobody_further(accounts):
    accounts.set_password("leila", GOOD, now=NOW)
    for n in range(30):
        result = accounts.check_password(f"name{n}", "guess", now=NOW, address="192.0.2.7")
    assert result.just_locked
    for _ in range(9):
        assert not accounts.check_password("leila", GOOD, now=NOW, address="192.0.2.7").ok
    assert accounts.locked_until("leila", now=NOW) is None
    assert accounts.check_password("leila", GOOD, now=NOW, address="192.0.2.8").ok


def test_a_ward_behind_one_address_is_not_locked_by_signing_in(accounts):
    accounts.set_password("leila", GOOD, now=NOW)
    assert all(accounts.check_password("leila", GOOD, now=NOW, address="192.0.2.7").ok for _ in range(40))


def test_guesses_at_the_same_instant_are_all_counted(accounts):
    accounts.set_password("leila", GOOD, now=NOW)
    start = threading.Barrier(12)
    looked_at = []

    def guess(n):
        start.wait()
        result = accounts.check_password("leila", f"guess {n}", now=NOW)
        if result.locked_until is None or result.just_locked:
            looked_at.append(n)

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked_at) == 5


def test_names_that_are_typed_are_not_kept(accounts):
    accounts.check_password("my secret password", "leila", now=NOW)
    assert "secret" not in str(accounts._database.rows("SELECT * FROM attempts"))
    assert accounts._database.rows("SELECT * FROM sign_ins") == []


def test_the_last_sign_in_and_the_failures_before_it(accounts):
    accounts.set_password("leila", GOOD, now=NOW)
    fail(accounts, 2)
    assert accounts.sign_ins("leila").failures == 2
    accounts.check_password("leila", GOOD, now=NOW)
    accounts.note_sign_in("leila", now=NOW)
    accounts.note_sign_in("leila", now=NOW + MINUTE)
    found = accounts.sign_ins("leila")
    assert (found.last, found.before, found.failures) == (NOW + MINUTE, NOW, 0)
    fail(accounts, 1)
    accounts.note_sign_in("leila", now=NOW + 2 * MINUTE)
    assert accounts.sign_ins("leila").failures_before == 1


# --- setting links -----------------------------------------------------------------------------


def test_a_setting_link_works_once_and_for_72_hours(accounts):
    old = accounts.setting_link("leila", now=NOW)
    token = accounts.setting_link("leila", now=NOW)
    assert accounts.link_user(old, now=NOW) is None
    assert accounts.link_user(token, now=NOW + timedelta(hours=71)) == "leila"
    assert accounts.link_user(token, now=NOW + timedelta(hours=72)) is None
    assert accounts.end_link(token, now=NOW)
    assert not accounts.end_link(token, now=NOW)
    assert token not in str(accounts._database.rows("SELECT * FROM links"))


def test_a_new_password_ends_the_link(accounts):
    token = accounts.setting_link("leila", now=NOW)
    accounts.set_password("leila", GOOD, now=NOW)
    assert accounts.link_user(token, now=NOW) is None


# --- second factor -----------------------------------------------------------------------------


def enrol(accounts):
    enrolment = accounts.begin_totp("leila", issuer="NCT05871463")
    codes = accounts.confirm_totp("leila", pyotp.TOTP(enrolment.key).at(NOW), now=NOW)
    return pyotp.TOTP(enrolment.key), codes


def test_an_authenticator_counts_once_confirmed(accounts):
    enrolment = accounts.begin_totp("leila", issuer="NCT 1")
    assert enrolment.address.startswith("otpauth://totp/NCT%201:leila?secret=" + enrolment.key)
    assert not accounts.has_totp("leila")
    assert accounts.confirm_totp("leila", "000000", now=NOW) is None
    assert accounts.confirm_totp("leila", pyotp.TOTP(enrolment.key).at(NOW), now=NOW)
    assert accounts.has_totp("leila")
    # The key in force is neither shown nor replaced.
    assert accounts.begin_totp("leila", issuer="NCT 1") is None
    assert accounts.pending_totp("leila", issuer="NCT 1") is None
    assert accounts.check_code("leila", pyotp.TOTP(enrolment.key).at(NOW + MINUTE), now=NOW + MINUTE).ok


def test_the_codes_of_rfc_6238(accounts):
    # RFC 6238, appendix B, SHA-1: the last six of the eight digits.
    key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    accounts._database.run(
        "INSERT INTO second_factors (account, totp, confirmed) VALUES ('leila', ?, 1)", key
    )
    for seconds, code in (
        (59, "287082"),
        (1111111109, "081804"),
        (1234567890, "005924"),
        (2000000000, "279037"),
    ):
        assert accounts.check_code("leila", code, now=datetime.fromtimestamp(seconds, UTC)).ok


def test_a_code_is_good_for_one_use_and_half_a_minute_of_drift(accounts):
    totp, _ = enrol(accounts)
    later = NOW + 10 * MINUTE
    assert accounts.check_code("leila", totp.at(later - timedelta(seconds=30)), now=later).ok
    assert not accounts.check_code("leila", totp.at(later - timedelta(seconds=30)), now=later).ok
    assert not accounts.check_code("leila", totp.at(later - timedelta(seconds=90)), now=later).ok
    spaced = totp.at(later)[:3] + " " + totp.at(later)[3:]
    assert accounts.check_code("leila", spaced, now=later).ok


def test_digits_of_a_persian_keyboard_are_digits(accounts):
    totp, _ = enrol(accounts)
    later = NOW + MINUTE
    code = totp.at(later).translate({0x30 + n: 0x6F0 + n for n in range(10)})
    assert accounts.check_code("leila", code, now=later).ok


def test_a_recovery_code_works_once(accounts):
    _, codes = enrol(accounts)
    assert len(set(codes)) == 10
    assert accounts.check_code("leila", codes[3].upper().replace("-", " "), now=NOW).ok
    assert not accounts.check_code("leila", codes[3], now=NOW).ok
    assert accounts.recovery_codes_left("leila") == 9
    assert codes[0] not in str(accounts._database.rows("SELECT * FROM recovery_codes"))


def test_codes_cannot_be_guessed_for_long(accounts):
    totp, _ = enrol(accounts)
    results = [accounts.check_code("leila", "000000", now=NOW + MINUTE) for _ in range(5)]
    assert results[-1].just_locked
    assert not accounts.check_code("leila", totp.at(NOW + MINUTE), now=NOW + MINUTE).ok


def test_without_a_second_factor_no_code_fits(accounts):
    assert not accounts.check_code("leila", "000000", now=NOW).ok
    accounts.begin_totp("leila", issuer="x")
    key = accounts.pending_totp("leila", issuer="x").key
    assert not accounts.check_code("leila", pyotp.TOTP(key).at(NOW), now=NOW).ok
    assert not accounts.remove_totp("leila")


# --- sessions ----------------------------------------------------------------------------------


def test_a_session_is_known_by_its_token_alone(accounts, open_again):
    token = accounts.open_session(
        "leila", "coordinator", "01", now=NOW, device="Firefox", address="192.0.2.7"
    )
    session = open_again().session(token, now=NOW)
    assert (session.user, session.role, session.site, session.signed_in) == (
        "leila",
        "coordinator",
        "01",
        True,
    )
    assert (session.opened_at, session.confirmed_at) == (NOW, None)
    assert token not in str(accounts._database.rows("SELECT * FROM sessions"))
    assert accounts.session(session.id, now=NOW) is None
    assert accounts.session("", now=NOW) is None


def test_thirty_idle_minutes_end_a_session(accounts):
    token = accounts.open_session("leila", "coordinator", "01", now=NOW)
    assert accounts.session(token, now=NOW + 29 * MINUTE)
    assert accounts.session(token, now=NOW + 58 * MINUTE)
    assert accounts.session(token, now=NOW + 88 * MINUTE) is None


def test_whose_an_ended_session_was_stays_known_and_opens_nothing(accounts):
    token = accounts.open_session("leila", "coordinator", "01", now=NOW)
    half = accounts.open_session("leila", "", "", step="code", now=NOW)
    signed_out = accounts.open_session("leila", "coordinator", "01", now=NOW)
    accounts.close_session(signed_out)
    assert accounts.ended_session(token, now=NOW) is None
    later = NOW + 45 * MINUTE
    assert accounts.session(token, now=later) is None
    assert accounts.ended_session(token, now=later).user == "leila"
    assert accounts.ended_session(signed_out, now=later) is None
    assert accounts.ended_session(half, now=later) is None
    assert accounts.sessions_of("leila", now=later) == ()
    assert accounts.open_sessions(now=later) == {}


def test_asking_how_much_time_is_left_is_not_doing_something(accounts):
    token = accounts.open_session("leila", "coordinator", "01", now=NOW)
    asked = accounts.session(token, now=NOW + 20 * MINUTE, seen=False)
    assert asked.ends_at == NOW + 30 * MINUTE
    assert accounts.session(token, now=NOW + 30 * MINUTE) is None


def test_twelve_hours_end_a_session_that_is_used_all_the_time(accounts):
    token = accounts.open_session("leila", "coordinator", "01", now=NOW)
    now = NOW
    while now < NOW + timedelta(hours=12):
        assert accounts.session(token, now=now)
        now += 20 * MINUTE
    assert accounts.session(token, now=NOW + timedelta(hours=12)) is None


def test_a_new_role_has_a_new_token(accounts):
    token = accounts.open_session("leila", "", "", step="role", now=NOW)
    assert not accounts.session(token, now=NOW).signed_in
    fresh = accounts.change_session(token, role="monitor", site="01", now=NOW)
    assert accounts.session(token, now=NOW) is None
    assert accounts.session(fresh, now=NOW).role == "monitor"
    assert accounts.change_session(token, role="administrator", site="", now=NOW) is None


def test_sessions_are_ended_here_elsewhere_and_all(accounts):
    mine, other, third = (accounts.open_session("leila", "monitor", "", now=NOW) for _ in range(3))
    strange = accounts.open_session("omid", "monitor", "", now=NOW)
    assert len(accounts.sessions_of("leila", now=NOW)) == 3
    assert not accounts.close_by_id("leila", accounts.session(strange, now=NOW).id)
    assert accounts.close_by_id("leila", accounts.session(third, now=NOW).id)
    assert accounts.close_all("leila", but=mine) == 1
    assert accounts.session(other, now=NOW) is None
    assert accounts.session(mine, now=NOW)
    accounts.close_session(mine)
    assert accounts.session(mine, now=NOW) is None
    assert accounts.open_sessions(now=NOW) == {"omid": 1}


def test_confirming_the_password_is_remembered(accounts):
    token = accounts.open_session("leila", "investigator", "01", now=NOW)
    accounts.confirm(token, now=NOW + MINUTE)
    assert accounts.session(token, now=NOW + MINUTE).confirmed_at == NOW + MINUTE


# --- drafts, secrets, forgetting -----------------------------------------------------------------


def test_a_draft_is_ones_own_and_the_last_one_counts(accounts):
    accounts.save_draft("leila", "S-001/screening/liver", "a", 3, now=NOW)
    accounts.save_draft("leila", "S-001/screening/liver", "b", 4, now=NOW + MINUTE)
    draft = accounts.draft("leila", "S-001/screening/liver")
    assert (draft.data, draft.version, draft.saved_at) == ("b", 4, NOW + MINUTE)
    assert accounts.draft("omid", "S-001/screening/liver") is None
    accounts.save_draft("leila", "S-0011/x", "c", 0, now=NOW)
    assert accounts.drop_drafts("S-001/") == 1
    assert [draft.place for draft in accounts.drafts_of("leila")] == ["S-0011/x"]
    accounts.drop_draft("leila", "S-0011/x")
    assert accounts.drafts_of("leila") == ()


def test_drafts_about_somebody_are_found_by_place_and_content(accounts):
    accounts.save_draft("leila", "S-001/screening/liver", "a", 3, now=NOW)
    accounts.save_draft("omid", "unsent", '{"path": "/participants/S-001/consent"}', 3, now=NOW)
    accounts.save_draft("omid", "S-002/x", "b", 3, now=NOW)
    assert accounts.drop_drafts_about("S-001") == 2
    assert [draft.place for draft in accounts.drafts_of("omid")] == ["S-002/x"]


def test_a_secret_is_the_same_for_all_processes(accounts, open_again):
    assert len(accounts.secret("csrf")) == 32
    assert open_again().secret("csrf") == accounts.secret("csrf") != accounts.secret("other")


def test_a_disabled_account_leaves_nothing_behind(accounts):
    accounts.set_password("leila", GOOD, now=NOW)
    enrol(accounts)
    token = accounts.open_session("leila", "monitor", "", now=NOW)
    link = accounts.setting_link("leila", now=NOW)
    accounts.save_draft("leila", "x", "y", 0, now=NOW)
    accounts.note_sign_in("leila", now=NOW)
    accounts.forget("leila")
    assert not accounts.check_password("leila", GOOD, now=NOW).ok
    assert accounts.session(token, now=NOW) is None
    assert accounts.link_user(link, now=NOW) is None
    for table in (
        "credentials",
        "second_factors",
        "recovery_codes",
        "sessions",
        "drafts",
        "sign_ins",
        "links",
    ):
        assert accounts._database.rows(f"SELECT * FROM {table}") == []


def test_what_is_over_is_purged_and_nothing_else(accounts):
    accounts.open_session("leila", "monitor", "", now=NOW - timedelta(hours=24))
    kept = accounts.open_session("leila", "monitor", "", now=NOW + 40 * MINUTE)
    accounts.setting_link("omid", now=NOW - timedelta(hours=73))
    accounts.save_draft("leila", "old", "x", 0, now=NOW - timedelta(days=31))
    accounts.save_draft("leila", "new", "x", 0, now=NOW)
    fail(accounts, 1)
    assert accounts.purge(now=NOW + 40 * MINUTE) == 4
    assert accounts.purge(now=NOW + 40 * MINUTE) == 0
    assert accounts.session(kept, now=NOW + 40 * MINUTE)
    assert [draft.place for draft in accounts.drafts_of("leila")] == ["new"]
