#include "http/sign_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "base/sha256.h"
#include "registry/password.h"
#include "wire/json.h"

namespace gridloom::http {
namespace {

constexpr std::size_t kLinkCharacters = 43;  // 256 bits
constexpr std::string_view kWrong = "the account or the password is wrong";

// The budget's groups are addresses: a hash looks like no loopback address and like no network.
std::string group_of(std::string_view account) { return sha256_of(account); }

std::unexpected<Error> overloaded() {
  return fail(ErrorCode::kIo, "too many people sign in at this moment; try again in a second");
}

}  // namespace

template <typename T>
void SignIn::run(hub::ReplyTo<T> reply_to, std::move_only_function<Result<T>()> work) {
  if (!options_.work) return hub::answer(std::move(reply_to), work());
  // The task is dropped if it is refused: both ways to answer share the address of the answer.
  const auto to = std::make_shared<hub::ReplyTo<T>>(std::move(reply_to));
  const bool taken = options_.work(
      [to, work = std::move(work)]() mutable { hub::answer(std::move(*to), work()); });
  if (!taken) hub::answer<T>(std::move(*to), overloaded());
}

Result<Secret> SignIn::make_link(std::string_view account) {
  const auto directory = options_.registry->directory();
  const registry::Account* found = directory->find_account_by_name(account);
  if (found == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no account {}", wire::shortened(printable(account))));
  }
  Secret token(random_key(kLinkCharacters));
  const TimePoint now = options_.steady->now();
  const std::lock_guard lock(mutex_);
  std::erase_if(links_, [&](const auto& each) { return each.second.made + kLinkLife <= now; });
  if (links_.size() >= kMaxLinks) {
    links_.erase(
        std::ranges::min_element(links_, {}, [](const auto& each) { return each.second.made; }));
  }
  links_.insert_or_assign(sha256_of(token.reveal()), Link{.account = found->id, .made = now});
  return token;
}

std::optional<registry::AccountId> SignIn::take_link(std::string_view token) {
  const std::lock_guard lock(mutex_);
  const auto found = links_.find(sha256_of(token));
  if (found == links_.end()) return std::nullopt;
  const Link link = found->second;
  links_.erase(found);
  if (link.made + kLinkLife <= options_.steady->now()) return std::nullopt;
  return link.account;
}

void SignIn::by_link(std::string_view token, std::string_view client, NewSession reply_to) {
  const auto account = take_link(token);
  if (!account) {
    return hub::answer<registry::NewSession>(
        std::move(reply_to),
        fail(ErrorCode::kUnknownKey,
             "the link was used already or has ended: `gridloom sign-in` prints a new one"));
  }
  run<registry::NewSession>(
      std::move(reply_to), [this, account = *account, client = std::string(client)] {
        return options_.registry->add_session({.account = account,
                                               .by = registry::SignInBy::kLink,
                                               .client = client,
                                               .now = options_.wall->now()});
      });
}

std::optional<Millis> SignIn::wait(std::string_view account, std::string_view peer) {
  return failures_.wait(group_of(account), peer, options_.steady->now());
}

void SignIn::by_password(Attempt attempt, NewSession reply_to) {
  run<registry::NewSession>(std::move(reply_to),
                            [this, attempt = std::move(attempt)] { return check(attempt); });
}

Result<registry::NewSession> SignIn::check(const Attempt& attempt) {
  const auto directory = options_.registry->directory();
  const registry::Account* account = directory->find_account_by_name(attempt.account);
  const Secret hash = account == nullptr ? Secret() : account->password_hash;
  const bool fits = registry::password_matches(hash, attempt.password.reveal());
  const TimePoint now = options_.steady->now();
  if (!fits || account == nullptr) {
    failures_.failed(group_of(attempt.account), attempt.peer, now);
    return fail(ErrorCode::kUnknownKey, std::string(kWrong));
  }
  failures_.succeeded(group_of(attempt.account), attempt.peer, now);
  return options_.registry->add_session({.account = account->id,
                                         .by = registry::SignInBy::kPassword,
                                         .client = attempt.client,
                                         .now = options_.wall->now()});
}

void SignIn::note_use(const registry::BrowserSession& session) {
  const TimePoint now = options_.wall->now();
  if (unix_ms(now) - session.used_ms < registry::kSessionUseStep.count()) return;
  {
    const std::lock_guard lock(mutex_);
    if (!uses_.try_emplace(session.hash, now).second) return;
  }
  Task task = [this, hash = session.hash, now] {
    // A session that has ended meanwhile, or a disk that is full: the next use tries again.
    static_cast<void>(options_.registry->use_session(hash, now));
    const std::lock_guard lock(mutex_);
    uses_.erase(hash);
  };
  if (!options_.work) return task();
  if (options_.work(std::move(task))) return;
  const std::lock_guard lock(mutex_);
  uses_.erase(session.hash);
}

void SignIn::end(registry::AccountId account, std::int64_t number, hub::ReplyTo<bool> reply_to) {
  run<bool>(std::move(reply_to), [this, account, number]() -> Result<bool> {
    if (Status ended = options_.registry->end_session(account, number); !ended) {
      return std::unexpected(ended.error());
    }
    return true;
  });
}

void SignIn::set_password(PasswordChange wanted, hub::ReplyTo<bool> reply_to) {
  run<bool>(std::move(reply_to), [this, wanted = std::move(wanted)] { return change(wanted); });
}

Result<bool> SignIn::change(const PasswordChange& wanted) {
  if (Status good = registry::check_password(wanted.fresh.reveal()); !good) {
    return std::unexpected(good.error());
  }
  const registry::BrowserSession& session = wanted.session;
  const auto directory = options_.registry->directory();
  const registry::Account* account = directory->find_account(session.account);
  if (account == nullptr) return fail(ErrorCode::kUnknownKey, "the account was removed");
  const bool is_by_new_link = session.by == registry::SignInBy::kLink &&
                              unix_ms(options_.wall->now()) - session.made_ms < kLinkLife.count();
  if (!account->password_hash.empty() && !is_by_new_link) {
    if (!registry::password_matches(account->password_hash, wanted.current.reveal())) {
      failures_.failed(group_of(account->name), wanted.peer, options_.steady->now());
      return fail(ErrorCode::kNoPermission,
                  "current is not the account's password; a new link of `gridloom sign-in` "
                  "replaces a forgotten one");
    }
  }
  auto hash = registry::hash_password(wanted.fresh.reveal());
  if (!hash) return std::unexpected(hash.error());
  if (Status set = options_.registry->set_password(
          {.account = session.account, .hash = std::move(*hash), .keeps_session = session.number});
      !set) {
    return std::unexpected(set.error());
  }
  return true;
}

}  // namespace gridloom::http
