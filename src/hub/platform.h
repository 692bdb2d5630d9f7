// What all shards and doors share: configuration, the clock, the catalogue, the registry's view,
// presence and counters. Everything here may be used from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/clock.h"
#include "base/seats.h"
#include "base/string_map.h"
#include "catalog/family.h"
#include "history/journal.h"
#include "hub/client_events.h"
#include "hub/client_id_budget.h"
#include "hub/misdeeds.h"
#include "hub/sign_ins.h"
#include "hub/topics.h"
#include "registry/directory.h"
#include "registry/registry.h"
#include "twin/twin.h"
#include "wire/json.h"

namespace gridloom::hub {

// What becomes of a set, or a get, for a device that is not there.
enum class OfflineRequests : std::uint8_t {
  kTold,          // 6012 over HTTP, code -2 over MQTT
  kLikeTheVendor  // 1008 over HTTP, silence over MQTT
};

struct Config {
  Millis set_deadline{8000};
  Wildcards wildcards = Wildcards::kGranted;
  OfflineRequests offline_requests = OfflineRequests::kTold;
  std::size_t client_ids_a_day = 0;  // of one certificate account; 0: any number
  std::size_t pending_sets = 64;     // of one device
  std::size_t asked_quotas = 1024;   // of one request
  std::size_t retained_bytes = std::size_t{64} * 1024 * 1024;          // of one shard
  std::size_t account_retained_bytes = std::size_t{16} * 1024 * 1024;  // of these, of one account
  twin::TwinLimits twin{};
  twin::ReportLimits report{};
  wire::JsonLimits json{};  // of sets, gets and replies over MQTT
};

// Which devices are connected now.
class Presence {
 public:
  [[nodiscard]] bool online(std::string_view sn) const {
    const std::shared_lock lock(mutex_);
    return online_.contains(sn);
  }
  void set(std::string_view sn, bool is_online) {
    const std::unique_lock lock(mutex_);
    if (is_online) {
      online_.emplace(sn);
    } else if (const auto found = online_.find(sn); found != online_.end()) {
      online_.erase(found);
    }
  }
  [[nodiscard]] std::size_t count() const {
    const std::shared_lock lock(mutex_);
    return online_.size();
  }

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_set<std::string, StringHash, std::equal_to<>> online_;
};

// A retained message, by the topic that it was published to. Null: it was cleared.
struct RetainedChange {
  std::string topic;
  wire::mqtt::MessagePtr message;
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtMostOnce;
  std::int64_t device = 0;  // registry::Device::number of who published it; 0: an app, or unknown
};
// Where what sessions change is kept. Any thread; set before the hub is made.
struct SessionKeeper {
  // For a stream, a session or a message; never given twice, over restarts too.
  std::function<std::int64_t()> new_number{};
  // Changes (hub/session_changes.h), where there is no journal to write them to.
  std::function<void(std::string_view changes)> take{};
};

// Monotonic since start; read by /metrics.
struct Counters {
  using Count = std::atomic<std::uint64_t>;
  Count reports{0};
  Count report_bytes{0};
  Count reports_malformed{0};
  Count quotas_refused{0};  // beyond a twin's limits
  Count sets{0};
  Count sets_failed{0};
  Count reads{0};
  Count deliveries{0};
  // Messages that a client was to get and did not.
  Count dropped_queue_full{0};
  Count dropped_expired{0};
  Count dropped_too_large{0};
};

struct Platform {
  const Clock& clock;
  std::shared_ptr<const catalog::Catalog> catalog;
  const registry::Registry& registry;
  Config config{};
  std::optional<SessionKeeper> sessions{};  // none: sessions end with the server
  history::Journal* journal = nullptr;      // null: no history, and nothing waits for it
  Presence presence{};
  Counters counters{};
  ClientIdBudget client_ids{};
  SignIns sign_ins{};
  ClientEvents client_events{};
  Misdeeds misdeeds{};
  // `clock` is the devices', which may live in a time of their own. `wall` is the system's:
  // clients' timestamps are compared with it, and stored times are its.
  const Clock* wall = &clock;
  // For deadlines and rates; a SteadyClock where the server runs.
  const Clock* steady = &clock;
};

}  // namespace gridloom::hub
