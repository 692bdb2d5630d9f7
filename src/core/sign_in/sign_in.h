// Signing in on the dashboard: by a one-time link or a password, with a limit of attempts; the
// sessions themselves are the registry's. A SignIn is shared by all loops.
//  Links live in memory: they end with the server, and after kLinkLife. Changes of the registry
// wait for the disk and passwords take long to check, so both are done by `work`, not on a loop.
// Waiting requests are kept apart (Lane), so that strangers who try passwords hold up nobody who
// has a link or a session, nor an account whose owner signs in from where she has before. Thread
// rule: any thread.
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
#include <vector>

#include "base/clock.h"
#include "base/failure_budget.h"
#include "base/loop.h"
#include "base/per_key_limit.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/string_map.h"
#include "hub/platform/pending_replies.h"
#include "registry/registry.h"

namespace gridloom::sign_in {

struct SignInLimits {
  std::size_t body_bytes = 2048;     // of a request to sign in
  std::size_t waiting_checks = 256;  // of passwords, in each lane
  std::size_t waiting_ends = 64;     // of one account's sessions
};

class SignIn {
 public:
  static constexpr Millis kLinkLife = std::chrono::minutes(10);
  static constexpr std::size_t kMaxLinks = 256;         // a further one replaces the oldest
  static constexpr std::size_t kPasswordFailures = 10;  // a minute, for one account

  // Waiting work is done in this order: links first, one of each other lane in turn.
  enum class Lane : std::uint8_t {
    kLinks,
    kSessions,  // that end, or whose use is stored
    kKnown,     // passwords of known accounts: from where each signed in before, and changes
    kUnknown    // passwords that anybody tries
  };
  // How many tasks may wait in each lane.
  [[nodiscard]] static std::vector<std::size_t> lanes(const SignInLimits& limits);

  struct Options {
    registry::Registry* registry = nullptr;
    const Clock* wall = nullptr;    // of the ends of sessions
    const Clock* steady = nullptr;  // of links and attempts
    std::string public_host{};      // a name under which browsers find the server; may be empty
    // Runs a task on a thread that may block; false: too much waits already. Empty: at once.
    std::function<bool(Lane lane, Task task)> work{};
    SignInLimits limits{};
  };
  explicit SignIn(Options options) : options_(std::move(options)) {}

  // The token of a new link. kNotFound: there is no such account.
  [[nodiscard]] Result<Secret> make_link(std::string_view account);

  using NewSession = hub::ReplyTo<registry::NewSession>;
  struct LinkUse {
    Secret token;
    std::string peer;    // the client's address
    std::string client;  // its program
  };
  // kUnknownKey: the link was used, has ended, or never was. A link that could not be used for
  // another reason stays good.
  void by_link(LinkUse use, NewSession reply_to);
  struct Attempt {
    std::string account;
    Secret password;
    std::string peer;
    std::string client;
  };
  // kUnknownKey, in the same words and after the same time: no such account, no password, or
  // another one. kConflict: too many attempts have failed; wait() says for how long. kIo: another
  // attempt for the account, or from the address, waits already.
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
  };
  // kNoPermission: `current` is not the password. A session that was signed in by a link within
  // kLinkLife need not say it: that is how a forgotten password is replaced. kConflict: it was
  // wrong too often; change_wait() says for how long. The answer has the numbers of the sessions
  // that the change ended.
  using EndedSessions = std::vector<std::int64_t>;
  void set_password(PasswordChange change, hub::ReplyTo<EndedSessions> reply_to);
  [[nodiscard]] std::optional<Millis> change_wait(registry::AccountId account);

  [[nodiscard]] const std::string& instance() const { return options_.registry->instance(); }
  [[nodiscard]] const std::string& public_host() const { return options_.public_host; }
  [[nodiscard]] const SignInLimits& limits() const { return options_.limits; }

 private:
  struct Link {
    registry::AccountId account{};
    TimePoint made{};
  };
  using Permit = PerKeyLimit::Permit;
  template <typename T>
  struct Work {
    Lane lane{};
    std::vector<Permit> permits{};  // given back when `run` begins
    std::move_only_function<Result<T>()> run;
    Task refused{};  // runs instead of it if too much waits
  };
  template <typename T>
  void start(Work<T> work, hub::ReplyTo<T> reply_to);
  [[nodiscard]] std::optional<Link> take_link(std::string_view hash);
  void give_back(std::string_view hash, const Link& link);
  [[nodiscard]] Result<registry::NewSession> sign_in_by(const LinkUse& use, const Link& link);
  [[nodiscard]] Result<registry::NewSession> check(const Attempt& attempt);
  [[nodiscard]] Result<EndedSessions> change(const PasswordChange& change);

  Options options_;
  std::mutex mutex_;
  StringMap<Link> links_;      // by the token's hash
  StringMap<TimePoint> uses_;  // sessions whose use is being stored, by hash
  PerKeyLimit waiting_;
  FailureBudget failures_{kPasswordFailures};  // of attempts to sign in, by account and address
  // Counts wrong current passwords, by account. Apart from the others: strangers who fail to sign
  // in do not keep an account from changing its password, nor does who has stolen a session and
  // guesses the password keep its owner from signing in.
  FailureBudget change_failures_{kPasswordFailures};
};

}  // namespace gridloom::sign_in
