// Decides what is published for Home Assistant, and when: discovery, availability and states of the
// devices of a book, and their removal. Without sockets.
//
// Values to be published are known by device and topic and never queued: while the broker is slow,
// a newer value takes the place of an older one, so memory is bounded and no last value is lost. A
// topic is published once in Options::at_most_every.
//
// At the start the broker tells what an earlier run announced, and gets a message of our own back
// behind it. Only then is anything announced, so that devices and entities that are no more are
// removed.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/string_map.h"
#include "bridges/core/device_book.h"
#include "bridges/core/health.h"
#include "bridges/core/patterns.h"
#include "bridges/home_assistant/discovery.h"
#include "bridges/home_assistant/entities.h"
#include "catalog/family.h"
#include "catalog/language.h"
#include "client/mqtt_session.h"
#include "home/energy_counters.h"

namespace gridloom::bridges::home_assistant {

using client::Moment;

// How long the broker may take to tell what an earlier run announced.
inline constexpr Millis kLearnWithin{5'000};

// Where messages go. All are of QoS 1.
class Outlet {
 public:
  Outlet() = default;
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;
  virtual ~Outlet() = default;
  virtual void publish(std::string_view topic, std::string payload, bool retain) = 0;
  // False: the broker has not taken so much yet that more should wait here.
  [[nodiscard]] virtual bool has_room() const = 0;
};

// Entities, and which of them each topic has. Devices of a family share it, unless they have
// quotas that the family does not name.
struct Plan {
  EntitiesPtr entities;
  std::vector<std::string> topics{};
  std::vector<std::vector<const Entity*>> by_topic{};
  StringMap<std::vector<std::size_t>> topics_of{};  // by quota
  StringSet further{};  // quotas that the family does not name, whether they have entities or not
};
using PlanPtr = std::shared_ptr<const Plan>;
[[nodiscard]] PlanPtr plan_of(EntitiesPtr entities, std::span<const FurtherQuota> further);

class Publisher {
 public:
  struct Options {
    Topics topics;
    const catalog::Catalog* catalog = nullptr;
    catalog::Language language = catalog::Language::kEnglish;
    bool has_controls = false;
    bool migrates = false;  // takes over discovery with a message for each entity
    Selection devices{{}, {}};
    Millis at_most_every{5'000};
    Outlet* outlet = nullptr;
    Health* health = nullptr;
  };
  explicit Publisher(Options options) : options_(std::move(options)) {}

  // --- from the book
  void on_device(const BookDevice& device);
  void on_removed(std::string_view sn);
  void on_values(const BookDevice& device, std::span<const std::size_t> slots);
  void on_state(const BookDevice& device);
  // Counters of devices that the totals do not have stay as they are.
  void on_counters(const home::EnergyTotals& totals);

  // --- from the broker
  void on_online(Moment now);
  void on_offline();
  // A set that Home Assistant asks for.
  struct Asked {
    std::string sn;
    const Entity* entity = nullptr;  // of entities; has a control
    EntitiesPtr entities;
    wire::JsonObject params;
  };
  // Nothing: it is no request, or one that was refused and counted.
  [[nodiscard]] std::optional<Asked> on_message(std::string_view topic, std::string_view payload,
                                                bool retained);

  // Publishes what is due and has room. `now` is of the steady clock. To be called a few times a
  // second. `is_whole`: all devices of the account are known.
  struct Book {
    std::function<const BookDevice*(std::string_view sn)> find;
    bool is_whole = false;
  };
  void tick(Moment now, const Book& book);

  [[nodiscard]] std::size_t devices() const { return devices_.size(); }

 private:
  enum class Phase : std::uint8_t { kOffline, kLearning, kAnnouncing };
  struct Topic {
    bool is_dirty = true;
    std::optional<Moment> published{};
  };
  struct Device {
    std::string name{};
    std::string product{};
    PlanPtr plan{};
    std::optional<Moment> planned{};
    bool is_plan_old = true;     // the device has quotas that the plan does not know
    bool is_announced = false;   // on this connection
    bool was_announced = false;  // the plan, in this run
    Announced known{};           // what Home Assistant knows beside the plan
    bool is_live = false;
    std::optional<bool> is_available{};       // as published
    std::vector<Topic> topics{};              // as Plan::topics
    std::map<std::string, double> highest{};  // of entities that never fall, by key
    DeviceCounters counters{};
  };
  [[nodiscard]] PlanPtr make_plan(const BookDevice& from, const Device& device);
  void take_plan(Device& device, PlanPtr plan) const;
  void publish(std::string_view topic, std::string payload, bool retain = true) const;
  // False: there is no more room.
  bool work_on(const std::string& sn, Device& device, Moment now, const Book& book);
  void announce(const std::string& sn, Device& device);
  void set_available(const std::string& sn, Device& device, bool is_available);
  void publish_topic(const BookDevice& from, Device& device, std::size_t topic);
  [[nodiscard]] std::optional<wire::Json> state(const BookDevice& from, Device& device,
                                                const Entity& entity) const;
  // Takes from the broker what an earlier run announced, or this one.
  void remove_foreign();
  void on_birth();
  void learn(std::string_view sn, std::string_view payload, bool retained);
  [[nodiscard]] std::optional<Asked> asked(const Topics::Set& set, std::string_view payload,
                                           bool retained);

  Options options_;
  Phase phase_ = Phase::kOffline;
  Moment learning_since_;
  std::map<std::string, Device, std::less<>> devices_;
  std::string next_;  // the device whose turn it is
  // The broker's announcements of devices that are no more, or not yet.
  std::map<std::string, Announced, std::less<>> foreign_;
  std::map<std::string, std::set<std::string>, std::less<>> single_;  // by id of the device
  StringMap<std::weak_ptr<const Plan>> plans_;                        // by family and further
};

}  // namespace gridloom::bridges::home_assistant
