"""Every address of the pages."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path

from review.api.app import ADDRESS, api
from review.views import (
    agents,
    appeals,
    calibration,
    call,
    coaching,
    home,
    nights,
    profile,
    publishing,
    queue,
    reports,
    rules,
    sound,
    training,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("login", home.Login.as_view(), name="login"),
    path("logout", auth_views.LogoutView.as_view(), name="logout"),
    path("language", home.choose_language, name="language"),
    path("me", profile.show, name="profile"),
    path("queue", queue.show, name="queue"),
    path("queue/next", queue.take_next, name="queue-next"),
    path("queue/<int:item_id>/take", queue.take, name="queue-take"),
    path("queue/<int:item_id>/release", queue.release, name="queue-release"),
    path("queue/<int:item_id>/hand-over", queue.hand_over, name="queue-hand-over"),
    path("calls/<str:recording_id>", call.show, name="call"),
    path("calls/<str:recording_id>/events", call.add_event, name="call-events"),
    path("calls/<str:recording_id>/submit", call.submit, name="call-submit"),
    path("calls/<str:recording_id>/renew", call.renew, name="call-renew"),
    path("calls/<str:recording_id>/take", call.take, name="call-take"),
    path("calls/<str:recording_id>/reveal", call.reveal, name="call-reveal"),
    path("calls/<str:recording_id>/audio", sound.audio, name="call-audio"),
    path("calls/<str:recording_id>/peaks", sound.peaks, name="call-peaks"),
    path("my", appeals.my_results, name="my"),
    path("my/<str:recording_id>", appeals.my_call, name="my-call"),
    path("my/<str:recording_id>/appeal", appeals.file_appeal, name="my-appeal"),
    path("appeals", appeals.show, name="appeals"),
    path("appeals/<int:appeal_id>/decide", appeals.decide, name="appeal-decide"),
    path("agents", agents.show, name="agents"),
    path("teams", agents.show_teams, name="agents-teams"),
    path("teams/<path:team>", agents.one_team, name="agents-team"),
    path("agents/<path:agent_id>", agents.one_agent, name="agent"),
    path("reports", reports.show, name="reports"),
    path("reports/<str:name>", reports.one, name="report"),
    path("reports/<str:name>/sheet", reports.sheet, name="report-sheet"),
    path("reports/<str:name>/file", reports.file, name="report-file"),
    path("nights", nights.show, name="nights"),
    path("nights/<uuid:batch_id>", nights.one, name="night"),
    path("nights/<uuid:batch_id>/retry", nights.retry, name="night-retry"),
    path("rules", rules.show, name="rules"),
    path("rules/proposals", publishing.show, name="rules-proposals"),
    path("rules/proposals/new", publishing.propose, name="rules-propose"),
    path("rules/proposals/<int:proposal_id>", publishing.one, name="rules-proposal"),
    path("rules/proposals/<int:proposal_id>/backtest", publishing.try_it, name="rules-backtest"),
    path("rules/proposals/<int:proposal_id>/publish", publishing.publish, name="rules-publish"),
    path("rules/proposals/<int:proposal_id>/withdraw", publishing.withdraw, name="rules-withdraw"),
    path("rules/<str:rule_id>", rules.one, name="rule"),
    path("coaching", coaching.show, name="coaching"),
    path("coaching/new", coaching.create, name="coaching-new"),
    path("coaching/<int:coaching_id>", coaching.one, name="coaching-one"),
    path("coaching/<int:coaching_id>/close", coaching.close, name="coaching-close"),
    path("training", training.show, name="training"),
    path("training/<int:number>", training.one, name="training-error"),
    path("training/<int:number>/pack", training.pack, name="training-pack"),
    path("training/rules/<str:rule_id>", training.rule, name="training-rule"),
    path("calibration", calibration.show, name="calibration"),
    path("calibration/new", calibration.create, name="calibration-create"),
    path("calibration/<int:session_id>", calibration.session, name="calibration-session"),
    path("calibration/<int:session_id>/close", calibration.close, name="calibration-close"),
    path("calibration/<int:session_id>/note", calibration.add_note, name="calibration-note"),
    path(
        "calibration/<int:session_id>/calls/<int:call_id>/standard",
        calibration.set_standard,
        name="calibration-standard",
    ),
    path(ADDRESS, api.urls),
    path("admin/", admin.site.urls),
]

if settings.SINGLE_SIGN_ON:
    from review import sso

    # Only the way there and back; everything else that django-allauth could show is not part of the pages.
    urlpatterns += [
        path("sso/", include("allauth.socialaccount.providers.openid_connect.urls")),
        path("sso/failed", sso.failed, name="socialaccount_login_error"),
        path("sso/cancelled", sso.failed, name="socialaccount_login_cancelled"),
        path("sso/refused", sso.failed, name="socialaccount_signup"),
        path("sso/inactive", sso.failed, name="account_inactive"),
    ]

handler403 = "review.errors.refused"
handler404 = "review.errors.missing"
handler500 = "review.errors.broken"
