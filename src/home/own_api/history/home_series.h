// GET /api/v1/home/series: parses the request, reads the powers and the charge of a home step by
// step, and formats the response (docs/user/api.md). The powers are the mean of each step, from the
// same energies as those of GET /api/v1/home/energy, so a step is at least a quarter of an hour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/reader.h"
#include "history/series/series_request.h"
#include "home/history_devices.h"
#include "home/home_charges.h"
#include "home/home_energies.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::api {

inline constexpr std::size_t kMaxDevicesOfSeries = 16;

struct HomeSeriesRequest {
  std::vector<std::int64_t> bounds;  // of the steps, from the first begin to the last end
  std::int64_t step_ms = 0;
  std::size_t charges = 0;             // devices with a charge, at most
  std::vector<std::string> devices{};  // serial numbers; empty: all of the home, and none by itself
  std::int64_t now_ms = 0;
  time::TimeZone zone{};  // whose days steps begin with
};
// kBadParams: the detail names the wrong parameter and what would be right.
[[nodiscard]] Result<HomeSeriesRequest> parse_home_series_request(
    const wire::JsonObject& params, const time::Now& now, const history::SeriesLimits& limits);

class HomeSeries {
 public:
  // Devices that the request names are those of the home, and each has series of its own too.
  HomeSeries(HomeSeriesRequest request, const std::vector<home::HistoryDevice>& devices);

  // Works for a few milliseconds at most. Fails as Reader does.
  [[nodiscard]] Status work(history::Reader& reader);
  [[nodiscard]] bool done() const;
  // The JSON object of the response; once done().
  [[nodiscard]] std::string text() const;

 private:
  // The powers and the charge of some devices together.
  class Curves {
   public:
    Curves(const HomeSeriesRequest& request, std::vector<home::HistoryDevice> devices);
    [[nodiscard]] Status work(history::Reader& reader);
    [[nodiscard]] bool done() const { return energies_.done() && charges_.done(); }
    [[nodiscard]] const home::HomeEnergies& energies() const { return energies_; }
    // The body has the members of a DeviceSeries.
    template <typename Body>
    void add_to(Body& body) const;

   private:
    home::HomeEnergies energies_;
    home::HomeCharges charges_;
  };
  HomeSeriesRequest request_;
  std::vector<Curves> curves_;  // the home, and then request_.devices
};

}  // namespace gridloom::api
