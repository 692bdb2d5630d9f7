#include "sign_in/sign_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/printable.h"
#include "registry/password.h"
#include "wire/json.h"

namespace gridloom::sign_in {
namespace {

constexpr std::size_t kLinkCharacters = 43;  // 256 bits
constexpr std::string_view kWrong = "the account or the password is wrong";
constexpr std::string_view kTooMany = "too many attempts to sign in to this account failed";

constexpr std::size_t kWaitingSessions = 4096;

// The budget's groups are addresses: a hash looks like no loopback address and like no network.
std::string group_of(std::string_view account) { return sha256_of(account); }
std::string change_group(registry::AccountId account) {
  return std::to_string(static_cast<std::int64_t>(account));
}

std::unexpected<Error> overloaded() {
  return fail(ErrorCode::kIo, "too many people sign in at this moment; try again in a second");
}

template <typename T>
void refuse_second(hub::ReplyTo<T> reply_to, std::string_view what) {
  hub::answer<T>(
      std::move(reply_to),
      fail(ErrorCode::kIo, fmt::format("{} waits already; try again in a second", what)));
}

}  // namespace

std::vector<std::size_t> SignIn::lanes(const SignInLimits& limits) {
  return {kMaxLinks, kWaitingSessions, limits.waiting_checks, limits.waiting_checks};
}

template <typename T>
void SignIn::start(Work<T> work, hub::ReplyTo<T> reply_to) {
  if (!options_.work) {
    work.permits.clear();
    return hub::answer(std::move(reply_to), work.run());
  }
  // The task is dropped if it is refused: both ways to answer share the address of the answer.
  const auto to = std::make_shared<hub::ReplyTo<T>>(std::move(reply_to));
  const bool taken = options_.work(
      work.lane, [to, permits = std::move(work.permits), run = std::move(work.run)]() mutable {
        permits.clear();
        hub::answer(std::move(*to), run());
      });
  if (taken) return;
  if (work.refused) work.refused();
  hub::answer<T>(std::move(*to), overloaded());
}

Result<Secret> SignIn::make_link(std::string_view account) {
  const auto directory = options_.registry->directory();
  const registry::Account* found = directory->find_account_by_name(account);
  if (found == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no account {}", redacted_extract(account)));
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

std::optional<SignIn::Link> SignIn::take_link(std::string_view hash) {
  const std::lock_guard lock(mutex_);
  const auto found = links_.find(hash);
  if (found == links_.end()) return std::nullopt;
  const Link link = found->second;
  links_.erase(found);
  if (link.made + kLinkLife <= options_.steady->now()) return std::nullopt;
  return link;
}

void SignIn::give_back(std::string_view hash, const Link& link) {
  const std::lock_guard lock(mutex_);
  links_.emplace(hash, link);
}

void SignIn::by_link(LinkUse use, NewSession reply_to) {
  std::string hash = sha256_of(use.token.reveal());
  const auto link = take_link(hash);
  if (!link) {
    return hub::answer<registry::NewSession>(
        std::move(reply_to),
        fail(ErrorCode::kUnknownKey,
             "the link was used already or has ended: `gridloom sign-in` prints a new one"));
  }
  start<registry::NewSession>({.lane = Lane::kLinks,
                               .run =
                                   [this, hash, link = *link, use = std::move(use)] {
                                     auto made = sign_in_by(use, link);
                                     if (!made && made.error().code == ErrorCode::kIo)
                                       give_back(hash, link);
                                     return made;
                                   },
                               .refused = [this, hash, link = *link] { give_back(hash, link); }},
                              std::move(reply_to));
}

Result<registry::NewSession> SignIn::sign_in_by(const LinkUse& use, const Link& link) {
  auto made = options_.registry->add_session({.account = link.account,
                                              .by = registry::SignInBy::kLink,
                                              .client = use.client,
                                              .now = options_.wall->now()});
  const auto directory = options_.registry->directory();
  const registry::Account* account = directory->find_account(link.account);
  if (made && account != nullptr) {
    failures_.succeeded(group_of(account->name), address_group(use.peer), options_.steady->now());
  }
  return made;
}

std::optional<Millis> SignIn::wait(std::string_view account, std::string_view peer) {
  return failures_.wait(group_of(account), address_group(peer), options_.steady->now());
}

std::optional<Millis> SignIn::change_wait(registry::AccountId account) {
  return change_failures_.wait(change_group(account), {}, options_.steady->now());
}

void SignIn::by_password(Attempt attempt, NewSession reply_to) {
  const std::string account = group_of(attempt.account);
  const std::string address = address_group(attempt.peer);
  const bool is_known = failures_.knows(account, address, options_.steady->now());
  // A person who signed in from the address before has a place of its own, and takes none of the
  // others.
  const std::vector<std::string> places =
      is_known ? std::vector{fmt::format("known {} {}", account, address)}
               : std::vector{fmt::format("account {}", account), fmt::format("from {}", address)};
  std::vector<Permit> permits;
  for (const std::string& place : places) {
    auto permit = waiting_.take(place, 1);
    if (!permit) {
      return refuse_second(std::move(reply_to),
                           "another attempt for this account, or from this address,");
    }
    permits.push_back(std::move(*permit));
  }
  start<registry::NewSession>(
      {.lane = is_known ? Lane::kKnown : Lane::kUnknown,
       .permits = std::move(permits),
       .run = [this, attempt = std::move(attempt)] { return check(attempt); }},
      std::move(reply_to));
}

Result<registry::NewSession> SignIn::check(const Attempt& attempt) {
  // Asked here, where one attempt follows another: of many at once no more are checked than may
  // fail.
  if (wait(attempt.account, attempt.peer)) return fail(ErrorCode::kConflict, std::string(kTooMany));
  const auto directory = options_.registry->directory();
  const registry::Account* account = directory->find_account_by_name(attempt.account);
  const Secret hash = account == nullptr ? Secret() : account->password_hash;
  const bool fits = registry::password_matches(hash, attempt.password.reveal());
  const TimePoint now = options_.steady->now();
  if (!fits || account == nullptr) {
    failures_.failed(group_of(attempt.account), address_group(attempt.peer), now);
    return fail(ErrorCode::kUnknownKey, std::string(kWrong));
  }
  failures_.succeeded(group_of(attempt.account), address_group(attempt.peer), now);
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
  if (options_.work(Lane::kSessions, std::move(task))) return;
  const std::lock_guard lock(mutex_);
  uses_.erase(session.hash);
}

void SignIn::end(registry::AccountId account, std::int64_t number, hub::ReplyTo<bool> reply_to) {
  auto permit = waiting_.take(fmt::format("ends {}", static_cast<std::int64_t>(account)),
                              options_.limits.waiting_ends);
  if (!permit) return refuse_second(std::move(reply_to), "the end of another session");
  std::vector<Permit> permits;
  permits.push_back(std::move(*permit));
  start<bool>({.lane = Lane::kSessions,
               .permits = std::move(permits),
               .run = [this, account, number]() -> Result<bool> {
                 GL_TRY(options_.registry->end_session(account, number));
                 return true;
               }},
              std::move(reply_to));
}

void SignIn::set_password(PasswordChange wanted, hub::ReplyTo<EndedSessions> reply_to) {
  auto permit = waiting_.take(fmt::format("change {}", change_group(wanted.session.account)), 1);
  if (!permit) return refuse_second(std::move(reply_to), "another change of this password");
  std::vector<Permit> permits;
  permits.push_back(std::move(*permit));
  start<EndedSessions>({.lane = Lane::kKnown,
                        .permits = std::move(permits),
                        .run = [this, wanted = std::move(wanted)] { return change(wanted); }},
                       std::move(reply_to));
}

Result<SignIn::EndedSessions> SignIn::change(const PasswordChange& wanted) {
  GL_TRY(registry::check_password(wanted.fresh.reveal()));
  const registry::BrowserSession& session = wanted.session;
  const auto directory = options_.registry->directory();
  const registry::Account* account = directory->find_account(session.account);
  if (account == nullptr) return fail(ErrorCode::kUnknownKey, "the account was removed");
  const bool is_by_new_link = session.by == registry::SignInBy::kLink &&
                              unix_ms(options_.wall->now()) - session.made_ms < kLinkLife.count();
  if (!account->password_hash.empty() && !is_by_new_link) {
    if (change_wait(session.account)) {
      return fail(ErrorCode::kConflict,
                  "current was wrong too often; a new link of `gridloom sign-in` replaces a "
                  "forgotten password");
    }
    if (!registry::password_matches(account->password_hash, wanted.current.reveal())) {
      change_failures_.failed(change_group(session.account), {}, options_.steady->now());
      return fail(ErrorCode::kNoPermission,
                  "current is not the account's password; a new link of `gridloom sign-in` "
                  "replaces a forgotten one");
    }
  }
  GL_TRY(auto hash, registry::hash_password(wanted.fresh.reveal()));
  GL_TRY(const auto ended, options_.registry->set_password({.account = session.account,
                                                            .hash = std::move(hash),
                                                            .keeps_session = session.number}));
  // A session whose time was over had ended before.
  EndedSessions numbers;
  for (const registry::BrowserSession& each : ended) {
    if (!has_ended(each, options_.wall->now())) numbers.push_back(each.number);
  }
  return numbers;
}

}  // namespace gridloom::sign_in
