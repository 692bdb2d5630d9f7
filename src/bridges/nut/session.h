// One connection of a client: upsc reads variables, upsmon signs in and waits for its shutdown.
// Requests are lines, and answers are lines in their order (RFC 9271). Nothing can be set, and
// nothing is encrypted.
//
// Thread rule: the loop of the server.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/failure_budget.h"
#include "base/secret.h"
#include "bridges/core/health.h"
#include "bridges/nut/ups.h"
#include "hub/clients/access_audit.h"
#include "net/protocol.h"

namespace gridloom::bridges::nut {

// A line of the protocol is words. A word with blanks, quotes or backslashes stands in quotes, with
// a backslash before quotes and backslashes.
inline constexpr std::size_t kMaxLine = 1024;
inline constexpr std::size_t kMaxWords = 16;

// The words of a line without its end. Nothing: a quote is not closed, or there are too many words.
[[nodiscard]] std::optional<std::vector<std::string>> words_of(std::string_view line);
// The text as one word, in quotes; characters that would end a line are replaced.
[[nodiscard]] std::string quoted_word(std::string_view text);

// The UPSs as they are now: the bridges' loop writes them, the server's reads them. Any thread.
class UpsBoard {
 public:
  void show(std::shared_ptr<const UpsMap> all) {
    const std::lock_guard lock(mutex_);
    all_ = std::move(all);
  }
  [[nodiscard]] std::shared_ptr<const UpsMap> all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const UpsMap> all_ = std::make_shared<const UpsMap>();
};

// The state that the connections of a server share. On its loop.
class Clients {
 public:
  // How long a shutdown that a primary asked for is shown: all machines are down by then, and those
  // that start again must not shut down again.
  static constexpr Millis kForcedShutdown = std::chrono::minutes(15);

  struct Options {
    std::string user;  // empty: nobody can sign in
    Secret password;
    const UpsBoard* board = nullptr;  // outlives it, as does the next one
    Health* health = nullptr;
    std::string name{};                 // of the bridge, for the audit: "bridge ups"
    FailureBudget* failures = nullptr;  // outlives it, too; null: any number may fail
    std::function<void(const hub::AccessEvent&)> audit{};  // the server's loop calls it
  };
  explicit Clients(Options options) : options_(std::move(options)) {}

  [[nodiscard]] const UpsBoard& board() const { return *options_.board; }
  [[nodiscard]] Health& health() const { return *options_.health; }
  struct Attempt {
    std::string_view what{};  // of the audit
    std::string_view user{};
    std::string_view password{};
    std::string_view address{};
    TimePoint now{};
  };
  // Why the client may not sign in, which is recorded; empty: it may.
  [[nodiscard]] std::string_view why_refused(const Attempt& attempt) const;
  // Records what a client that signed in did with a UPS.
  void record(hub::AccessEvent event) const;

  // A client at the address depends on the UPS, or does not any more.
  void login(const std::string& sn, const std::string& address) { logins_.emplace(sn, address); }
  void logout(const std::string& sn, const std::string& address);
  [[nodiscard]] std::vector<std::string> clients_of(const std::string& sn) const;

  void force_shutdown(const std::string& sn, TimePoint now);
  [[nodiscard]] bool is_shutdown_forced(const std::string& sn, TimePoint now) const;

 private:
  [[nodiscard]] bool is_right(std::string_view user, std::string_view password) const;

  const Options options_;
  std::multimap<std::string, std::string> logins_;  // address by serial number
  std::map<std::string, TimePoint, std::less<>> shutdowns_;
};

class Session final : public net::Protocol {
 public:
  static constexpr Millis kIdle = std::chrono::minutes(5);
  static constexpr std::size_t kLinesPerTurn = 32;

  Session(net::ConnectionContext context, Clients& clients, TimePoint now);

  void receive(std::string_view bytes, TimePoint now) override;
  [[nodiscard]] bool has_work() const override;
  void work() override;
  void take_output(std::string& out) override;
  [[nodiscard]] bool has_output() const override { return !out_.empty() || is_finished_; }
  [[nodiscard]] bool finished() const override { return is_finished_; }
  [[nodiscard]] bool wants_input() const override { return !is_finished_ && !has_work(); }
  [[nodiscard]] std::int64_t account() const override { return login_.empty() ? 0 : 1; }
  [[nodiscard]] std::size_t kept_bytes() const override { return in_.size(); }
  void tick(TimePoint now) override;
  void server_stops() override { is_finished_ = true; }
  void lost() override;

 private:
  using Words = std::vector<std::string>;
  struct Credentials {
    std::optional<std::string> user{};
    std::optional<std::string> password{};
    int refused = 0;        // times
    bool is_right = false;  // they were, and stay so: guesses of others count no more
  };

  void answer(const Words& words);
  void error(std::string_view code);
  // Answers with the error if there is no such UPS. Null: it was answered.
  [[nodiscard]] std::shared_ptr<const Ups> find(std::string_view name);
  // The same, also if its values are of the past.
  [[nodiscard]] std::shared_ptr<const Ups> find_fresh(std::string_view name);
  void get(const Words& words);
  void get_of_variable(const Words& words);
  void list(const Words& words);
  void take_credential(const Words& words, std::optional<std::string>& credential);
  void sign_in(const Words& words);
  void become_primary(const Words& words);
  void force_shutdown(const Words& words);
  // Answers with the error if the client has no right to depend on an UPS. `what`: of the audit.
  [[nodiscard]] bool is_permitted(std::string_view what);
  void record(std::string_view what, const Ups& ups, std::string_view refused = {}) const;
  [[nodiscard]] std::string value_of(const Ups& ups, std::string_view variable) const;

  const net::ConnectionContext context_;
  Clients& clients_;
  std::string in_;
  std::string out_;
  TimePoint heard_;
  Credentials credentials_;
  std::string login_;       // serial number of the UPS that the client depends on
  std::string primary_of_;  // serial number of the UPS that it may shut down
  bool is_finished_ = false;
};

}  // namespace gridloom::bridges::nut
