// Energy counters of an account that never fall: one for each energy that a device measures, and
// those of the home. Pure, apart from what is handed in.
//
// History's energies alone are no such counters: a late report can make a past hour smaller, a
// damaged page can take hours away, and what a home is made of changes. So the book keeps what was
// counted:
// - The past of a device ends at a split, about two days ago. An energy of the past that history no
//   longer has stays counted; one that a late report adds to it is counted when the past is read
//   again, once a day.
// - Behind the split the counter is what history says now, as long as that is more than before. If
//   a late report makes an hour smaller, the counter stands until the sum has caught up.
// - A device whose history is damaged keeps its counters as they are.
// - A device that leaves the account keeps its place in the book, and continues from there if it
//   comes back. One that is moved without its history, or is registered again, has another number:
//   its counters are others, and begin at 0.
// - What the battery of a device stores that measures what it gets and gives alone is no use of the
//   home.
// - The home counts each device while the home has it: a device that comes with a history adds
//   what it measures from then on, and one that goes leaves what it has added. A home that gets
//   a meter, or is left without one, continues from its counters as well.
// - The counters do not depend on the clock: it only says where the split is, which may move back.
//
// Thread rule: one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "history/energy/energy_flow.h"
#include "history/energy/energy_sources.h"
#include "history/energy/known_time.h"
#include "overview/home_flows.h"
#include "wire/json.h"

namespace gridloom::home {

// Wh by flow; nothing: never known.
using FlowCounters = std::array<std::optional<double>, history::kEnergyFlows>;
// Wh by quantity.
using HomeCounters = std::array<std::optional<double>, overview::kQuantities>;

class CounterBook {
 public:
  static constexpr std::int64_t kPastHours = 48;   // the split is so long ago
  static constexpr std::int64_t kSplitHours = 24;  // and moves when it is so far from there
  static constexpr std::size_t kMaxGone = 1000;    // devices that are kept though they have left

  CounterBook();  // with a new epoch
  // kMalformed: it is none of to_json().
  [[nodiscard]] static Result<CounterBook> from_json(const wire::Json& json);
  [[nodiscard]] wire::JsonObject to_json() const;

  // It is another one if the counters begin anew.
  [[nodiscard]] const std::string& epoch() const { return epoch_; }

  // The hours of a device that are to be read, as hours since 1970.
  struct Span {
    bool is_whole = false;                 // from the first hour of the history on
    std::int64_t split = 0;                // where the past is to end
    std::optional<std::int64_t> before{};  // where it ended
    std::int64_t end = 0;                  // at least
  };
  // `may_be_whole`: false puts the reading of a past off that was read before.
  enum class Past : std::uint8_t { kIfDue, kIfNeverRead };
  [[nodiscard]] Span span_of(DeviceNumber device, std::int64_t now_hour, Past past) const;

  // The sums that history has for the hours of such a span.
  struct Sums {
    history::Energies below_before{};  // of the hours below Span::before
    history::Energies below{};         // of those below Span::split
    history::Energies above{};         // of those from there on
    std::array<bool, history::kEnergyFlows> is_known{};
    std::int64_t first = 0;  // the first hour of a whole span
    std::int64_t end = 0;    // behind the last one
  };
  void take(DeviceNumber device, const Span& span, const Sums& sums);

  // A device that the home has now.
  struct Member {
    DeviceNumber number = 0;
    overview::Role role{};
    const history::EnergySources* sources = nullptr;
    overview::HomeFlowSums::Battery battery{};
  };
  // Adds to the counters of the home what its devices have counted since the last call.
  void take_home(std::span<const Member> members, std::int64_t now_hour);

  // The flows that `sources` has.
  [[nodiscard]] FlowCounters counters_of(DeviceNumber device,
                                         const history::EnergySources& sources) const;
  [[nodiscard]] HomeCounters home() const;

 private:
  using Counts = std::array<std::int64_t, history::kEnergyFlows>;  // mWh
  struct Device {
    std::int64_t split = 0;
    std::int64_t first = 0;
    std::int64_t end = 0;
    std::array<bool, history::kEnergyFlows> is_known{};
    Counts total{};
    Counts past{};  // what history says of the hours below the split
    Counts lost{};  // what it said of them once and does not any more
  };
  // A device of the home: how it counts, and its counters since when it counts so.
  struct Base {
    bool is_meter = false;
    bool has_balance = false;  // its battery stores what it gets and does not give
    Counts total{};
  };
  void carry(const Base& base, const Device& device);
  // The energy that its battery has stored since then.
  [[nodiscard]] static std::int64_t stored_by(const Base& base, const Device& device);
  void drop_gone(std::span<const Member> members);

  std::string epoch_;
  std::map<DeviceNumber, Device> devices_;
  std::map<DeviceNumber, Base> bases_;
  bool has_home_ = false;
  bool is_metered_ = false;
  std::int64_t updated_hour_ = 0;
  // The counts of devices that the home does not have any more, or has in another way.
  Counts carried_{};
  std::array<bool, history::kEnergyFlows> has_carried_{};
  std::int64_t carried_stored_ = 0;                                          // mWh
  std::array<std::optional<std::int64_t>, overview::kQuantities> totals_{};  // mWh
};

}  // namespace gridloom::home
