// The registry's browser sessions and passwords. registry.cc has the rules of all other changes.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/printable.h"
#include "registry/committer.h"
#include "registry/registry.h"

namespace gridloom::registry {
namespace {

using Edit = Committer::Edit;

constexpr std::size_t kCookieCharacters = 43;  // 256 bits
constexpr std::size_t kClientCharacters = 120;

const BrowserSession* session_of(const Directory& present, AccountId account, std::int64_t number) {
  const auto sessions = present.sessions_of(account);
  const auto found = std::ranges::find(sessions, number, &BrowserSession::number);
  return found == sessions.end() ? nullptr : *found;
}

}  // namespace

Result<NewSession> Registry::add_session(const SessionSpec& spec) {
  NewSession made{.session = {.number = 0,
                              .hash = {},
                              .account = spec.account,
                              .by = spec.by,
                              .client = printable(spec.client.substr(0, kClientCharacters)),
                              .made_ms = unix_ms(spec.now),
                              .used_ms = unix_ms(spec.now)},
                  .text = Secret(random_key(kCookieCharacters))};
  made.session.hash = sha256_of(made.text.reveal());
  GL_TRY(committer_->apply([&](Edit& edit) -> Status {
    if (edit.present.find_account(spec.account) == nullptr) {
      return fail(ErrorCode::kUnknownKey, "the account was removed");
    }
    made.ended.clear();
    auto sessions = edit.present.sessions_of(spec.account);
    std::ranges::sort(sessions, {}, &BrowserSession::used_ms);
    std::size_t kept = sessions.size();
    for (const BrowserSession* each : sessions) {
      const bool is_over = has_ended(*each, spec.now);
      if (!is_over && kept < kSessionsPerAccount) continue;
      GL_TRY(edit.stored.remove(*each));
      edit.next.erase_session(each->hash);
      made.ended.push_back({.number = each->number, .is_over = is_over});
      --kept;
    }
    GL_TRY(const std::int64_t number, edit.stored.insert(made.session));
    made.session.number = number;
    edit.next.put(made.session);
    return {};
  }));
  return made;
}

Status Registry::use_session(std::string_view hash, TimePoint now) {
  return committer_->apply([&](Edit& edit) -> Status {
    const BrowserSession* found = edit.present.find_session(hash);
    if (found == nullptr) return fail(ErrorCode::kNotFound, "the session has ended");
    BrowserSession session = *found;
    session.used_ms = std::max(session.used_ms, unix_ms(now));
    GL_TRY(edit.stored.update_use(session));
    edit.next.put(std::move(session));
    return {};
  });
}

Status Registry::end_session(AccountId account, std::int64_t number) {
  return committer_->apply([&](Edit& edit) -> Status {
    const BrowserSession* found = session_of(edit.present, account, number);
    if (found == nullptr) {
      return fail(ErrorCode::kNotFound, fmt::format("the account has no session {}", number));
    }
    const BrowserSession session = *found;
    edit.next.erase_session(session.hash);
    return edit.stored.remove(session);
  });
}

Result<std::vector<BrowserSession>> Registry::set_password(const PasswordChange& change) {
  std::vector<BrowserSession> ended;
  GL_TRY(committer_->apply([&](Edit& edit) -> Status {
    const Account* found = edit.present.find_account(change.account);
    if (found == nullptr) return fail(ErrorCode::kUnknownKey, "the account was removed");
    Account account = *found;
    account.password_hash = change.hash;
    GL_TRY(edit.stored.update_password_hash(account));
    edit.next.put(std::move(account));
    ended.clear();
    for (const BrowserSession* each : edit.present.sessions_of(change.account)) {
      if (each->number == change.keeps_session) continue;
      GL_TRY(edit.stored.remove(*each));
      ended.push_back(*each);
      edit.next.erase_session(each->hash);
    }
    return {};
  }));
  return ended;
}

}  // namespace gridloom::registry
