// A year of energies in history's store: what reading it takes.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/energy/energy_integrator.h"
#include "stores/data.h"
#include "stores/stores.h"
#include "stores/stream.h"

namespace gridloom::bench {
namespace {

constexpr std::int64_t kYear_hours = std::int64_t{365} * 24;
constexpr std::int64_t kHoursACommit = 24;

std::string energies_of(std::int64_t hour, std::uint32_t device) {
  history::HourEnergies energies;
  for (std::int64_t quarter = hour * 4; quarter < hour * 4 + 4; ++quarter) {
    const double wh = static_cast<double>((quarter * 7919 + device) % 100'000) / 1000;
    for (const auto flow : {history::EnergyFlow::kPv, history::EnergyFlow::kGridIn,
                            history::EnergyFlow::kLoad, history::EnergyFlow::kBatteryIn}) {
      energies.quarters[quarter].of(flow) = wh;
    }
  }
  return history::to_bytes(hour, energies);
}

}  // namespace

void measure_energies(history::StoreFactory& stores, std::uint32_t devices) {
  auto opened = stores.open();
  if (!opened) give_up(opened.error().detail);
  const std::int64_t begin = history::hour_of(DeviceStream::kStart_ms);
  const double begun_s = wall_time_s();
  history::Changes changes;
  for (std::int64_t hour = begin; hour < begin + kYear_hours; ++hour) {
    for (std::uint32_t device = 1; device <= devices; ++device) {
      changes.energies.push_back(
          {.of = {.device = device, .hour = hour}, .bytes = energies_of(hour, device)});
    }
    if ((hour - begin) % kHoursACommit != kHoursACommit - 1) continue;
    const Status written = opened->store->write(std::exchange(changes, {}));
    if (!written) give_up(written.error().detail);
  }
  const double written_s = wall_time_s() - begun_s;
  auto reader = stores.open_reader();
  if (!reader) give_up(reader.error().detail);
  std::vector<double> warm_ms;
  for (int run = 0; run < kWarmRuns; ++run) {
    std::size_t bytes = 0;
    std::int64_t hours = 0;
    const double from_s = wall_time_s();
    const Status read = (*reader)->each_energy(1, begin, begin + kYear_hours,
                                               [&](std::int64_t, std::string_view energies) {
                                                 bytes += energies.size();
                                                 ++hours;
                                                 return Status();
                                               },
                                               {});
    warm_ms.push_back((wall_time_s() - from_s) * 1e3);
    require(read.has_value() && hours == kYear_hours && bytes != 0, "a year cannot be read");
  }
  fmt::print(R"({{"written_s":{:.3f},"year_ms":[{:.3f}]}})"
             "\n",
             written_s, fmt::join(warm_ms, ","));
}

}  // namespace gridloom::bench
