#include "own_api/v1/session_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "api/gate/callers.h"
#include "api/message/headers.h"
#include "api/message/params.h"
#include "base/printable.h"
#include "journal/audit_kind.h"

namespace gridloom::api {
namespace {

using registry::BrowserSession;
using wire::JsonObject;

constexpr std::string_view kUtc = "UTC";

http::Response empty() { return {.status = 204}; }

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last) return std::nullopt;
  return number;
}

// There is nothing of the kind that the path names; `list` has those that there are.
Error nothing_named(std::string_view kind, std::string_view named, std::string_view list) {
  return {.code = ErrorCode::kNotFound,
          .detail = fmt::format("there is no {} {}; GET {} lists them", kind,
                                wire::shortened(printable(named)), list)};
}

std::string_view name_of(const registry::Directory& directory, registry::AccountId id) {
  const registry::Account* account = directory.find_account(id);
  return account == nullptr ? std::string_view() : std::string_view(account->name);
}

// kConflict of SignIn: `wait` is how long the next attempt has to wait.
http::Response refusal(const AnswerForm& form, const Error& error,
                       const std::optional<Millis>& wait) {
  if (error.code != ErrorCode::kConflict) return form.failure(error);
  return form.too_many(wait.value_or(Millis(1000)), error.detail);
}

}  // namespace

body::Me SessionApi::facts(const registry::Account& account, std::string_view csrf) const {
  const hub::Platform& platform = services_.hub.platform();
  return {.account = account.name,
          .scope = registry::Scope::kControl,
          .csrf = csrf,
          .instance = services_.sign_in.instance(),
          .zone = platform.zone_name.empty() ? kUtc : std::string_view(platform.zone_name),
          .now_ms = unix_ms(platform.clock.now()),
          .rate = rate_of(services_.virtual_time),
          .virtual_time = services_.virtual_time != nullptr,
          .password_set = !account.password_hash.empty(),
          .admin = false};
}

http::Response SessionApi::welcome(const registry::NewSession& made, bool secure,
                                   const AnswerForm& form) const {
  const auto directory = services_.hub.platform().registry.directory();
  const registry::Account* account = directory->find_account(made.session.account);
  if (account == nullptr) {
    return form.failure({.code = ErrorCode::kUnknownKey, .detail = "the account was removed"});
  }
  const std::string& cookie = made.text.reveal();
  const std::string csrf = csrf_token(cookie);
  http::Response response = form.success(schema::to_text(facts(*account, csrf)));
  response.headers.emplace_back(
      "Set-Cookie", set_cookie(cookie_name(services_.sign_in.instance(), secure), cookie, secure));
  return response;
}

void SessionApi::record(const Visitor& visitor, const Result<registry::NewSession>& made) const {
  hub::Hub& hub = services_.hub;
  hub::AccessEvent event{
      .through = visitor.through, .client = visitor.client, .from = visitor.peer};
  if (!made) {
    if (made.error().code != ErrorCode::kUnknownKey) return;
    event.refused = made.error().detail;
    // A name that no account has may be a password in the wrong field.
    const auto directory = hub.platform().registry.directory();
    const registry::Account* account = directory->find_account_by_name(visitor.account);
    return hub.record_access(account == nullptr ? registry::AccountId{} : account->id, event);
  }
  const BrowserSession& session = made->session;
  const std::string by = hub::by_session(session.number);
  event.by = by;
  hub.record_access(session.account, event);
  static_cast<void>(hub.is_first_use(session.hash, visitor.peer));  // this was it
  for (const auto& [number, is_over] : made->ended) {
    hub.record_access(session.account, {.what = journal::audit_kind("session.end"),
                                        .through = "session",
                                        .by = is_over ? "its age" : "too many sessions",
                                        .client = visitor.client,
                                        .from = visitor.peer,
                                        .session = number});
  }
}

void SessionApi::record(const SessionAction& act, std::int64_t ended,
                        std::string_view refused) const {
  services_.hub.record_access(act.session.account, {.what = act.what,
                                                    .through = "session",
                                                    .by = hub::by_session(act.session.number),
                                                    .client = act.session.client,
                                                    .from = act.peer,
                                                    .refused = refused,
                                                    .session = ended});
}

void SessionApi::sign_in(const http::Request& request, const JsonObject& body, AnswerForm form,
                         Callback<http::Response> done) const {
  sign_in::SignIn& signing = services_.sign_in;
  const auto refuse = [&](const Error& error) { done(form.failure(error)); };
  const std::string client = request.headers[header::kUserAgent];
  const bool is_by_link = body.contains("link");
  const auto reply_to = [&](std::string account) {
    return sign_in::SignIn::NewSession{
        .loop = &loop_,
        .done = [this, form, secure = request.secure,
                 visitor = Visitor{.through = is_by_link ? "link" : "password",
                                   .account = std::move(account),
                                   .peer = request.peer,
                                   .client = client},
                 done = std::move(done)](Result<registry::NewSession> made) mutable {
          record(visitor, made);
          if (made) return done(welcome(*made, secure, form));
          done(refusal(form, made.error(), services_.sign_in.wait(visitor.account, visitor.peer)));
        }};
  };
  if (body.contains("link")) {
    auto link = credential_param(body, "link");
    if (!link) return refuse(link.error());
    return signing.by_link(
        {.token = Secret(std::move(*link)), .peer = request.peer, .client = client}, reply_to({}));
  }
  auto account = credential_param(body, "account");
  if (!account) return refuse(account.error());
  auto password = credential_param(body, "password");
  if (!password) return refuse(password.error());
  auto to = reply_to(*account);
  signing.by_password({.account = std::move(*account),
                       .password = Secret(std::move(*password)),
                       .peer = request.peer,
                       .client = client},
                      std::move(to));
}

void SessionApi::sign_out(Call call, bool secure) const {
  const std::string name = cookie_name(services_.sign_in.instance(), secure);
  const registry::AccountId account = call.session.account;
  const std::int64_t own = call.session.number;
  SessionAction act{.what = journal::audit_kind("sign-out"),
                    .session = std::move(call.session),
                    .peer = std::move(call.peer)};
  services_.sign_in.end(account, own,
                        {.loop = &loop_,
                         .done = [this, name, secure, act = std::move(act), form = call.form,
                                  done = std::move(call.done)](const Result<bool>& ended) mutable {
                           // A session that ended meanwhile is what was asked for.
                           if (!ended && ended.error().code != ErrorCode::kNotFound) {
                             return done(form.failure(ended.error()));
                           }
                           record(act, 0);
                           http::Response response = empty();
                           response.headers.emplace_back("Set-Cookie",
                                                         set_cookie(name, {}, secure));
                           done(std::move(response));
                         }});
}

void SessionApi::list(Call call) const {
  const hub::Platform& platform = services_.hub.platform();
  const auto directory = platform.registry.directory();
  body::Sessions answer;
  for (const BrowserSession* each : directory->sessions_of(call.session.account)) {
    if (has_ended(*each, platform.wall->now())) continue;
    answer.sessions.push_back({.id = each->number,
                               .current = each->number == call.session.number,
                               .by = {each->by == registry::SignInBy::kLink ? "link" : "password"},
                               .made_ms = each->made_ms,
                               .last_used_ms = each->used_ms,
                               .client = each->client});
  }
  call.done(call.form.success(schema::to_text(answer)));
}

void SessionApi::end(Call call) const {
  const auto number = number_in(call.named);
  if (!number) {
    return call.done(call.form.failure(nothing_named("session", call.named, "/api/v1/sessions")));
  }
  const std::int64_t wanted = *number;
  const registry::AccountId account = call.session.account;
  SessionAction act{.what = journal::audit_kind("session.end"),
                    .session = std::move(call.session),
                    .peer = std::move(call.peer)};
  services_.sign_in.end(account, wanted,
                        {.loop = &loop_,
                         .done = [this, wanted, act = std::move(act), form = call.form,
                                  done = std::move(call.done)](const Result<bool>& ended) mutable {
                           if (ended) record(act, wanted);
                           done(ended ? empty() : form.failure(ended.error()));
                         }});
}

void SessionApi::tokens(Call call) const {
  const hub::Platform& platform = services_.hub.platform();
  const auto directory = platform.registry.directory();
  body::Tokens answer;
  for (const registry::Token* each : directory->tokens_of(call.session.account)) {
    body::OwnToken& row = answer.tokens.emplace_back(
        body::OwnToken{.number = each->number,
                       .name = each->name,
                       .scope = {name_of(each->scope)},
                       .made_ms = each->made_ms,
                       .expired = has_expired(*each, platform.wall->now())});
    if (!each->device.empty()) row.device = each->device;
    if (each->expires_ms != 0) row.expires_at_ms = each->expires_ms;
  }
  call.done(call.form.success(schema::to_text(answer)));
}

// The operation of administrators does it, and writes the audit: the number of a token never
// becomes that of another, so a token that is the account's is so until it is removed.
void SessionApi::remove_token(Call call) const {
  if (services_.administration == nullptr) {
    return call.done(call.form.refusal(404, "no token can be removed at this server"));
  }
  const auto directory = services_.hub.platform().registry.directory();
  const auto number = number_in(call.named);
  const auto tokens = directory->tokens_of(call.session.account);
  if (!number || std::ranges::find(tokens, *number, &registry::Token::number) == tokens.end()) {
    return call.done(call.form.failure(nothing_named("token", call.named, "/api/v1/tokens")));
  }
  services_.administration->run({.operation = "token.remove",
                                 .parameters = {{"number", *number}},
                                 .who = std::string(name_of(*directory, call.session.account)),
                                 .by = hub::by_session(call.session.number),
                                 .from = std::move(call.peer)},
                                {.loop = &loop_,
                                 .done = [form = call.form, done = std::move(call.done)](
                                             const Result<wire::Json>& removed) mutable {
                                   done(removed ? empty() : form.failure(removed.error()));
                                 }});
}

void SessionApi::shares(Call call) const {
  const auto directory = services_.hub.platform().registry.directory();
  const registry::AccountId account = call.session.account;
  body::Shares answer;
  for (const registry::Device* device : directory->devices_of(account)) {
    for (const registry::Share& share : device->shares) {
      answer.given.push_back({.sn = device->sn,
                              .name = device->name,
                              .account = name_of(*directory, share.account),
                              .rights = share.rights});
    }
  }
  for (const registry::Device* device : directory->shared_with(account)) {
    answer.received.push_back({.sn = device->sn,
                               .name = device->name,
                               .account = name_of(*directory, device->owner),
                               .rights = registry::Directory::rights(account, *device)});
  }
  call.done(call.form.success(schema::to_text(answer)));
}

void SessionApi::set_password(Call call, const JsonObject& body) const {
  auto fresh = text_param(body, "password", "password");
  if (!fresh) return call.done(call.form.failure(fresh.error()));
  std::string current;
  if (body.contains("current")) {
    auto given = text_param(body, "current", "current");
    if (!given) return call.done(call.form.failure(given.error()));
    current = std::move(*given);
  }
  SessionAction act{.what = journal::audit_kind("password.set"),
                    .session = call.session,
                    .peer = std::move(call.peer)};
  services_.sign_in.set_password(
      {.session = std::move(call.session),
       .current = Secret(std::move(current)),
       .fresh = Secret(std::move(*fresh))},
      {.loop = &loop_,
       .done = [this, act = std::move(act), form = call.form, done = std::move(call.done)](
                   const Result<sign_in::SignIn::EndedSessions>& ended) mutable {
         if (ended) {
           record(act, 0);
           act.what = journal::audit_kind("session.end");
           for (const std::int64_t number : *ended) record(act, number);
           return done(empty());
         }
         if (ended.error().code == ErrorCode::kNoPermission) record(act, 0, ended.error().detail);
         const auto wait = services_.sign_in.change_wait(act.session.account);
         done(refusal(form, ended.error(), wait));
       }});
}

}  // namespace gridloom::api
