// The sessions by client id: finds the session that a CONNECT resumes or ends, and keeps the parked
// sessions.
//
// Thread rule: join(), remove() and counts() from any thread; sweep() on the loop that it names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "base/loop.h"
#include "base/string_map.h"
#include "mqtt/account_shares.h"
#include "mqtt/client_session.h"
#include "mqtt/stored_session.h"
#include "mqtt/stream_table.h"

namespace gridloom::mqtt {

struct TableLimits {
  std::size_t sessions = 10'000;     // per user name: connected or parked
  std::size_t kept_sessions = 100;   // of these, sessions that outlive their connection
  std::size_t subscriptions = 2048;  // per session
  std::uint32_t session_expiry_s = 7U * 24 * 3600;  // the longest; reported to clients
  AccountLimits account{};                          // all users of an account together
};

class SessionTable {
 public:
  explicit SessionTable(const TableLimits& limits = {})
      : limits_(limits), shares_(limits.account) {}

  enum class Joined : std::uint8_t { kNew, kAwaitsTakeover, kFull, kAccountIsFull };
  enum class Start : std::uint8_t { kClean, kResume };
  // Gives the client id to `fresh`. A session of an earlier credential is not resumed. kNew:
  // `fresh` may go live. kAwaitsTakeover: the older session calls resume() of `fresh` later. kFull,
  // kAccountIsFull: the user has too many sessions, or all users of its account together have.
  [[nodiscard]] Joined join(const ClientSessionPtr& fresh, Start start);
  void remove(const ClientSessionPtr& session);

  // Restores the sessions of the store, round-robin on `loops`. Sessions whose credential has ended
  // are ended now, and waiting messages that the client may not receive any more are dropped.
  // Before the first join().
  void restore(const ServerContext& server, const std::vector<Loop*>& loops, StoredSessions stored,
               StoredStreams streams = {});

  void sweep(Loop& loop, TimePoint now);
  [[nodiscard]] AccountBudgetsPtr budgets_of(AccountId account) { return shares_.of(account); }
  [[nodiscard]] const TableLimits& limits() const { return limits_; }

  struct Counts {
    std::size_t sessions = 0;
    std::size_t waiting = 0;  // parked
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct OfUser {
    std::size_t all = 0;
    std::size_t kept = 0;
  };

  [[nodiscard]] static std::string key_of(const ClientSession& session);
  // With the lock held.
  [[nodiscard]] bool evict_parked(const ClientSession& fresh);
  [[nodiscard]] ClientSessionPtr longest_parked(const std::string& user) const;
  ClientSessionPtr put(const ClientSessionPtr& session);
  // Sets the session's number in the log, if it outlives its connection: the number of the session
  // that it resumes (null: a new number).
  static void give_number(ClientSession& fresh, const ClientSession* resumed);
  void end_stream(const ClientSession& session);
  void end_idle_streams(TimePoint now);
  void count_out(const ClientSession& session);

  const TableLimits limits_;
  AccountBudgetTable shares_;
  mutable std::mutex mutex_;
  std::map<std::string, ClientSessionPtr> sessions_;  // by user name, then client id
  StringMap<OfUser> users_;
  std::unordered_map<AccountId, std::size_t> of_accounts_;
  std::unordered_map<const Loop*, std::unordered_set<ClientSessionPtr>> watched_;
  std::map<std::string, ClientStreamPtr> streams_;  // same keys; may outlive their sessions
  TimePoint streams_looked_at_{};
  hub::Hub* hub_ = nullptr;  // set by restore()
};

}  // namespace gridloom::mqtt
