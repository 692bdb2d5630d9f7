// State shared by all shards and servers: configuration, clocks, catalogue, registry, presence and
// counters. Everything here may be used from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/per_key_limit.h"
#include "base/result.h"
#include "base/string_map.h"
#include "catalog/family.h"
#include "hub/clients/access_audit.h"
#include "hub/clients/client_events.h"
#include "hub/clients/topic_rights.h"
#include "hub/feed/change_feed.h"
#include "hub/platform/fault_injector.h"
#include "journal/journal.h"
#include "registry/directory.h"
#include "time/time_zone.h"
#include "twin/twin.h"
#include "wire/json.h"

namespace gridloom::hub {

// The answer to a set or get for a device that is not connected.
enum class OfflineRequests : std::uint8_t {
  kExplained,     // 6012 over HTTP, code -2 over MQTT
  kLikeTheVendor  // 1008 over HTTP (api/vendor/vendor_api.cc), silence over MQTT
};
// Whether the error is one that OfflineRequests is about.
[[nodiscard]] inline bool is_out_of_reach(const Error& error) {
  return error.code == ErrorCode::kOffline || error.code == ErrorCode::kNoAnswer;
}

struct Config {
  Millis set_deadline{8000};
  Wildcards wildcards = Wildcards::kGranted;
  OfflineRequests offline_requests = OfflineRequests::kExplained;
  std::size_t client_ids_a_day = 0;  // per certificate account; 0: no limit
  std::size_t pending_sets = 64;     // per device
  std::size_t asked_quotas = 1024;   // per request
  std::size_t retained_bytes = std::size_t{64} * 1024 * 1024;          // per shard
  std::size_t account_retained_bytes = std::size_t{16} * 1024 * 1024;  // per account, of these
  twin::TwinLimits twin{};
  twin::ReportLimits report{};
  wire::JsonLimits json{};  // of sets, gets and replies over MQTT
};

// The devices that are connected now.
class Presence {
 public:
  [[nodiscard]] bool online(std::string_view sn) const {
    const std::shared_lock lock(mutex_);
    return online_.contains(sn);
  }
  // By the shard of the device: `told` is called with it.
  void set(std::string_view sn, bool is_online) {
    take(sn, is_online);
    if (told_) told_(sn, is_online);
  }
  // The same as another node has sent it; nobody is notified.
  void take(std::string_view sn, bool is_online) {
    const std::unique_lock lock(mutex_);
    if (is_online) {
      online_.emplace(sn);
    } else if (const auto found = online_.find(sn); found != online_.end()) {
      online_.erase(found);
    }
  }
  // The devices that are online and of which `which` is true.
  template <typename Which>
  [[nodiscard]] std::vector<std::string> all_of(const Which& which) const {
    std::vector<std::string> found;
    const std::shared_lock lock(mutex_);
    for (const std::string& sn : online_) {
      if (which(sn)) found.push_back(sn);
    }
    return found;
  }
  [[nodiscard]] std::size_t count() const {
    const std::shared_lock lock(mutex_);
    return online_.size();
  }
  // Before any shard works: `told` is called on the loops of the shards.
  void on_change(std::function<void(std::string_view sn, bool is_online)> told) {
    told_ = std::move(told);
  }

 private:
  mutable std::shared_mutex mutex_;
  StringSet online_;
  std::function<void(std::string_view sn, bool is_online)> told_;
};

// A retained message and the topic that it was published to. Null: it was cleared.
struct RetainedChange {
  std::string topic;
  wire::mqtt::MessagePtr message;
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtMostOnce;
  std::int64_t device = 0;  // registry::Device::number of the publisher; 0: an app, or unknown
};
// Storage for changes of sessions. Any thread; set before the hub is made.
struct SessionKeeper {
  // Returns a number for a stream, session or message; numbers never repeat, even over restarts.
  std::function<std::int64_t()> new_number{};
  // Stores changes (hub/clients/session_changes.h) where there is no journal to write them to.
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
  // Messages for a client that were dropped before delivery.
  Count dropped_queue_full{0};
  Count dropped_expired{0};
  Count dropped_too_large{0};
};

// Answers a Call (hub/platform/requests.h) of an account: it is called on the loop of a shard, and
// may answer later, on any thread.
using Service = std::function<void(registry::AccountId account, std::string text,
                                   Callback<Result<std::string>>)>;

struct Platform {
  const Clock& clock;
  std::shared_ptr<const catalog::Catalog> catalog;
  const registry::DirectorySource& registry;
  Config config{};
  std::optional<SessionKeeper> sessions{};  // none: sessions end with the server
  journal::Journal* journal = nullptr;      // null: no history, and nothing waits for it
  // Another process may continue the log while this one still runs. So a message for a session
  // that is kept leaves once the log has it: what the log has not did not happen.
  bool log_is_shared = false;
  Presence presence{};
  Counters counters{};
  ClientIdBudget client_ids{};
  AccessAudit access_audit{};
  ClientEvents client_events{};
  FaultInjector fault_injector{};
  ChangeFeed changes{};
  StringMap<Service> services{};  // by name; changed only while no loop turns
  // `clock` is the devices' time, which may be virtual. `wall` is the system's time: clients'
  // timestamps are compared with it, and stored times refer to it.
  const Clock* wall = &clock;
  // For deadlines and rates; a SteadyClock in the server.
  const Clock* steady = &clock;
  // The server's zone: of local times in requests, and of the days of history.
  time::TimeZone zone{};
  std::string zone_name{};  // "Europe/Berlin"; empty: not known
};

}  // namespace gridloom::hub
