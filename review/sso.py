"""Single sign-on by OpenID Connect: who somebody is, and which roles the centre's directory gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from config.django import settings_in_force
from review.errors import sign_on_failed
from store.accounts import ADMINISTRATOR, ROLES, account_of


class SignOn(DefaultSocialAccountAdapter):
    """New people get an account with the roles that their groups map to, or none; known ones keep theirs in step."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whoever the directory lets in has an account; what they may see depends on the roles alone."""
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Tie the person to the account that an administrator has entered, and bring the roles up to date."""
        # Addresses decide nothing here; one that another account has must not stand in the way.
        sociallogin.email_addresses = []
        if not sociallogin.is_existing:
            name = claims_of(sociallogin).get("preferred_username") or ""
            known = get_user_model().objects.filter(username=name).first() if name else None
            if known is not None and known.has_usable_password():
                # A name alone is no proof that it is the same person as the one with the password.
                raise ImmediateHttpResponse(
                    sign_on_failed(
                        request, _("已有同名的本地账号。请管理员把它改为单点登录（清除密码）或改名，再登录一次。")
                    )
                )
            if known is not None:
                sociallogin.connect(request, known)
        if sociallogin.is_existing:
            bring_up_to_date(sociallogin.user, claims_of(sociallogin))

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Any:
        """Make the account of a new person."""
        user = super().save_user(request, sociallogin, form)
        bring_up_to_date(user, claims_of(sociallogin))
        return user

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: Mapping[str, Any]) -> Any:
        """The whole name is one field here."""
        user = super().populate_user(request, sociallogin, data)
        user.first_name, user.last_name = str(data.get("name") or data.get("first_name") or "")[:150], ""
        return user

    def on_authentication_error(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Say so on a page of our own."""
        raise ImmediateHttpResponse(sign_on_failed(request, _("单点登录没有完成。请再试一次，或请管理员检查设置。")))


def claims_of(sociallogin: SocialLogin) -> dict[str, Any]:
    """What the directory says of the person: the signed token and, over it, what it answers when asked."""
    extra = sociallogin.account.extra_data or {}
    return {**(extra.get("id_token") or {}), **(extra.get("userinfo") or {})}


def bring_up_to_date(user: Any, claims: Mapping[str, Any]) -> None:
    """Give a person the roles that their groups map to and the agent id; without a mapping roles stay as they are."""
    settings = settings_in_force()
    if settings.sso_roles:
        given = claims.get(settings.sso_groups_claim) or []
        groups = {given} if isinstance(given, str) else {str(one) for one in given}
        roles = {role for group, role in settings.sso_roles.items() if group in groups and role in ROLES}
        user.groups.set(Group.objects.filter(name__in=roles))
        if user.is_staff != (ADMINISTRATOR in roles):
            user.is_staff = ADMINISTRATOR in roles
            user.save(update_fields=["is_staff"])
    account = account_of(user)
    agent_id = str(claims.get(settings.sso_agent_claim) or "") if settings.sso_agent_claim else ""
    if settings.sso_agent_claim and account.agent_id != agent_id:
        account.agent_id = agent_id
        account.save(update_fields=["agent_id"])


def failed(request: HttpRequest) -> HttpResponse:
    """The page for a sign-on that did not come to an end."""
    return sign_on_failed(request, _("单点登录没有完成。请再试一次，或请管理员检查设置。"))
