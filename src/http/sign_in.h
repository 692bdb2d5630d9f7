// Signing in on the dashboard: by a one-time link or a password, with a limit of attempts; the
// sessions themselves are the registry's. A SignIn is shared by all loops.
//
// Links live in memory: they end with the server, and after kLinkLife. Changes of the registry wait
// for the disk and passwords take long to check, so both are done by `work`, not on a loop.
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/failure_budget.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/string_map.h"
#include "hub/reply_to.h"
#include "registry/registry.h"

namespace gridloom::http {

class SignIn {
 public:
  static constexpr Millis kLinkLife = std::chrono::minutes(10);
  static constexpr std::size_t kMaxLinks = 256;         // a further one replaces the oldest
  static constexpr std::size_t kPasswordFailures = 10;  // a minute, for one account

  struct Options {
    registry::Registry* registry = nullptr;
    const Clock* wall = nullptr;    // of the ends of sessions
    const Clock* steady = nullptr;  // of links and attempts
    std::string public_host{};      // a name under which browsers find the server; may be empty
    // Runs a task on a thread that may block; false: too much waits already. Empty: at once.
    std::function<bool(Task task)> work{};
  };
  explicit SignIn(Options options) : options_(std::move(options)) {}

  // The token of a new link. kNotFound: there is no such account.
  [[nodiscard]] Result<Secret> make_link(std::string_view account);

  using NewSession = hub::ReplyTo<registry::NewSession>;
  // kUnknownKey: the link was used, has ended, or never was.
  void by_link(std::string_view token, std::string_view client, NewSession reply_to);
  struct Attempt {
    std::string account;
    Secret password;
    std::string peer;
    std::string client;
  };
  // kUnknownKey, in the same words and after the same time: no such account, no password, or
  // another one.
  void by_password(Attempt attempt, NewSession reply_to);
  // How long the next attempt for the account has to wait; nothing: go ahead.
  [[nodiscard]] std::optional<Millis> wait(std::string_view account, std::string_view peer);

  // Stores that the session is in use, if that is due.
  void note_use(const registry::BrowserSession& session);
  void end(registry::AccountId account, std::int64_t number, hub::ReplyTo<bool> reply_to);
  struct PasswordChange {
    registry::BrowserSession session;  // stays; the account's others end
    Secret current;                    // the password until now
    Secret fresh;
    std::string peer;
  };
  // kNoPermission: `current` is not the password. A session that was signed in by a link within
  // kLinkLife need not say it: that is how a forgotten password is replaced.
  void set_password(PasswordChange change, hub::ReplyTo<bool> reply_to);

  [[nodiscard]] const std::string& instance() const { return options_.registry->instance(); }
  [[nodiscard]] const std::string& public_host() const { return options_.public_host; }

 private:
  struct Link {
    registry::AccountId account{};
    TimePoint made{};
  };
  // Runs the work, or answers that too much waits.
  template <typename T>
  void run(hub::ReplyTo<T> reply_to, std::move_only_function<Result<T>()> work);
  [[nodiscard]] std::optional<registry::AccountId> take_link(std::string_view token);
  [[nodiscard]] Result<registry::NewSession> check(const Attempt& attempt);
  [[nodiscard]] Result<bool> change(const PasswordChange& change);

  Options options_;
  std::mutex mutex_;
  StringMap<Link> links_;      // by the token's hash
  StringMap<TimePoint> uses_;  // sessions whose use is being stored, by hash
  FailureBudget failures_{kPasswordFailures};
};

}  // namespace gridloom::http
