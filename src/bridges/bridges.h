// The bridges of a server: those of the registry, added over the command line or /api/v1/admin, and
// those that the configuration names. All run on one loop with a thread of its own, which starts
// with the first of them. In a cluster one node runs them, and the others list them.
//
// Thread rule: start() and stop() once each, on the owner's thread; the others from any thread.
// place() not on the loop of a shard.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bridges/configured.h"
#include "bridges/core/bridge.h"
#include "bridges/core/health.h"
#include "bridges/suspects.h"
#include "registry/directory.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::bridges {

// Where a bridge was added.
enum class Origin : std::uint8_t { kRegistry, kConfiguration };
// "registry", "configuration"
[[nodiscard]] std::string_view name_of(Origin origin);

struct BridgeRow {
  std::string name;
  std::string kind;
  registry::AccountId account{};
  Origin origin = Origin::kRegistry;
  bool is_on = true;
  wire::JsonObject settings{};  // without secrets
  HealthReport health{};
  std::string node{};  // of the cluster, that runs it; empty: there is no cluster
};

// The node of a cluster that runs the bridges.
struct BridgesPlace {
  std::string node{};
  bool is_here = true;
};

class Bridges {
 public:
  struct Options {
    hub::Hub& hub;
    home::HomeFeed& homes;
    home::EnergyCounters& counters;
    home::SetTracker& sets;
    registry::Registry& registry;
    history::Reads reads{};
    const Clock& wall;           // of HealthReport's times
    std::filesystem::path data;  // the folder of the server
    std::vector<ConfiguredBridge> configured{};
    std::shared_ptr<storage::States> states{};           // null: files in the folder
    FailureBudget* failures = nullptr;                   // outlives the bridges; Parts::failures
    std::optional<BridgesPlace> place = BridgesPlace{};  // nothing: none runs before place()
    net::PeerLimits limits{};                            // of what peers answer
  };
  explicit Bridges(Options options);
  Bridges(const Bridges&) = delete;
  Bridges& operator=(const Bridges&) = delete;
  ~Bridges();

  void start();
  // Ends all bridges. The server's loops still turn.
  void stop();
  // Once they run elsewhere, returns when those that ran here have ended.
  void place(BridgesPlace place);
  // The registry has other bridges, devices or accounts.
  void registry_changed();
  // A bridge that was held off because it had ended the program may begin again.
  void forgive(std::string name);

  // In the order of their names.
  [[nodiscard]] std::vector<BridgeRow> rows() const;
  // Whether the configuration names it.
  [[nodiscard]] bool is_configured(std::string_view name) const;
  // The first message that a bridge with these settings would send. kBadParams: its kind cannot
  // tell.
  [[nodiscard]] Result<wire::Json> preview(const BridgeKind& kind, registry::AccountId account,
                                           const wire::JsonObject& settings) const;

 private:
  // A bridge that is to run.
  struct Wanted {
    const BridgeKind* kind = nullptr;
    registry::AccountId account{};
    std::int64_t number = 0;   // in the registry
    std::int64_t made_ms = 0;  // as registry::Bridge
    Origin origin = Origin::kRegistry;
    bool is_on = true;
    bool runs = true;  // it is on, and here
    wire::JsonObject settings{};
    std::string settings_text{};
  };
  struct Running {
    Wanted as;
    std::shared_ptr<Health> health{};
    std::unique_ptr<Bridge> bridge{};  // null: it does not run
    bool waits = false;                // for another one that is suspected, too
  };
  [[nodiscard]] Parts parts() const;
  [[nodiscard]] std::map<std::string, Wanted, std::less<>> wanted(const BridgesPlace& place) const;
  // Requires that mutex_ is held. False: nothing runs yet.
  [[nodiscard]] bool begin_thread();
  // On the loop.
  void update();
  void add(const std::string& name, Wanted wanted);
  // All that are to run and may: not those that have ended the program.
  void begin_all();
  void begin(const std::string& name, Running& running);
  void hold_off(const std::string& name, Running& running);
  void end(const std::string& name, Running& running);
  void tick();

  Options options_;
  std::unique_ptr<net::IoLoop> loop_;
  mutable std::mutex mutex_;  // guards the members below
  bool is_started_ = false;
  bool has_thread_ = false;
  std::optional<BridgesPlace> place_;
  // Changed on the loop alone.
  std::map<std::string, Running, std::less<>> running_;
  // On the loop.
  Suspects suspects_;
  std::set<std::string, std::less<>> held_off_;
  std::jthread switching_off_;  // waits for the registry
};

// A bridge as lists show it.

// {"name","kind","on","origin","state","node","since","lastMessage","in","out","dropped","errors",
// "lastError","figures","settings"}; what is not known is left out. Times are ISO texts in `zone`.
[[nodiscard]] wire::JsonObject row_json(const BridgeRow& row, const time::TimeZone& zone);

}  // namespace gridloom::bridges
