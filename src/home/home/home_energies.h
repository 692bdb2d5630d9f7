// The energies of a home in the buckets of a span of time, or its mean powers, from the history of
// all its devices: read device by device in slices, so the work of one slice and the memory do not
// grow with the number of devices.
//
// A device whose history is damaged adds nothing, and is named: the sums are those of the others.
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "history/energy/energy_sources.h"
#include "history/energy_query.h"
#include "history/reader.h"
#include "home/history_devices.h"
#include "overview/home_flows.h"
#include "overview/home_picture.h"

namespace gridloom::home {

// A device that is not known for a part of the span.
struct DeviceGap {
  std::string sn;
  std::int64_t unknown_ms = 0;
  bool is_damaged = false;
};

// A device with energies in the span that were counted before a correction.
struct OutdatedEnergies {
  std::string sn;
  std::int64_t outdated_ms = 0;
  std::vector<std::string> corrections{};
};

class HomeEnergies {
 public:
  enum class Measure : std::uint8_t {
    kEnergy,  // Wh
    kPower    // W: the mean of the time that is known
  };
  struct Options {
    std::vector<HistoryDevice> devices{};
    std::vector<std::int64_t> bounds{};         // as EnergyQuery has them
    std::vector<history::SpanRange> buckets{};  // empty: each span between two bounds is one
    std::int64_t from_ms = 0;  // gaps before it do not count: those of a span to compare with
    std::int64_t now_ms = 0;
    Measure measure = Measure::kEnergy;
  };
  explicit HomeEnergies(Options options);

  // Works for a few milliseconds at most. Fails as EnergyQuery does, but for damage.
  [[nodiscard]] Status work(history::Reader& reader);
  [[nodiscard]] bool done() const { return next_ == options_.devices.size(); }

  // The quantities that the home's devices measure. They are valid at once, the following once
  // done().
  [[nodiscard]] const std::vector<overview::Quantity>& quantities() const { return quantities_; }
  [[nodiscard]] std::vector<overview::HomeFlows> buckets() const;
  // Devices that are not known for all of the span: those with damaged history in front, the others
  // in the home's order; the first kMaxNamedUnknown of them.
  [[nodiscard]] const std::vector<DeviceGap>& gaps() const { return gaps_; }
  [[nodiscard]] std::size_t gap_count() const { return gap_count_; }
  // The first kMaxNamedUnknown of them.
  [[nodiscard]] const std::vector<OutdatedEnergies>& outdated() const { return outdated_; }
  [[nodiscard]] bool is_damaged() const { return damaged_ > 0; }

 private:
  struct Kind {
    history::EnergySources sources;
    overview::Role role{};
    overview::HomeFlowSums::Battery battery{};
    bool sleeps = false;  // without sun it is off, and gives nothing (catalog::awake_formula())
  };
  struct Sums {
    overview::HomeFlowSums flows;
    std::optional<std::int64_t> unknown_ms{};  // the least of all devices
  };
  [[nodiscard]] std::int64_t past_of(std::size_t bucket) const;
  [[nodiscard]] bool is_asked(std::size_t bucket) const;
  // Adds the device that was read.
  void add(const Kind& kind, const HistoryDevice& device);
  void add_damaged(const Kind& kind, const HistoryDevice& device);
  void add_gap(DeviceGap gap);
  void next_device();

  Options options_;
  std::map<const catalog::Family*, Kind> kinds_;
  std::vector<overview::Quantity> quantities_;
  std::vector<Sums> sums_;  // by bucket
  std::size_t next_ = 0;    // device
  std::optional<history::EnergyQuery> query_;
  std::vector<DeviceGap> gaps_;
  std::size_t gap_count_ = 0;
  std::vector<OutdatedEnergies> outdated_;
  std::size_t damaged_ = 0;
};

}  // namespace gridloom::home
