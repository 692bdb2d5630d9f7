// Brings a book of energy counters (home/counter_book.h) up to what history says: device after
// device, in slices, as home/home_energies.h reads them.
//
// A past that was read before is read again for so many devices of one reading only: the next
// reading continues with others.
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "history/energy/energy_sources.h"
#include "history/energy_query.h"
#include "history/reader.h"
#include "home/counter_book.h"
#include "home/history_devices.h"
#include "overview/home_picture.h"

namespace gridloom::home {

class CounterReading {
 public:
  static constexpr std::size_t kPastsAtOnce = 32;

  struct Options {
    std::vector<HistoryDevice> devices{};
    std::int64_t now_ms = 0;  // by the devices' clock
  };
  // `book` outlives the reading.
  CounterReading(Options options, CounterBook& book);

  // Works for a few milliseconds at most. Fails as EnergyQuery does, but for damage: a device whose
  // history is damaged keeps its counters. Once done(), the counters of the home are brought
  // forward.
  [[nodiscard]] Status work(history::Reader& reader);
  [[nodiscard]] bool done() const { return is_done_; }
  // The sources of one of the devices.
  [[nodiscard]] const history::EnergySources& sources_of(const HistoryDevice& device) const {
    return kinds_.at(device.family.get()).sources;
  }

 private:
  struct Kind {
    history::EnergySources sources;
    overview::Role role{};
    overview::HomeFlowSums::Battery battery{};
  };
  [[nodiscard]] Status begin(history::Reader& reader, const HistoryDevice& device,
                             const Kind& kind);
  void take(const HistoryDevice& device, const Kind& kind);
  void next_device();
  void finish();

  Options options_;
  CounterBook* book_;
  std::map<const catalog::Family*, Kind> kinds_;
  std::size_t next_ = 0;  // device
  std::size_t pasts_ = 0;
  bool without_past_ = false;  // the past of the device is damaged
  CounterBook::Span span_;
  std::int64_t first_ = 0;            // hour of the history, of a whole span
  std::vector<std::int64_t> bounds_;  // of query_, in hours
  std::optional<history::EnergyQuery> query_;
  bool is_done_ = false;
};

}  // namespace gridloom::home
