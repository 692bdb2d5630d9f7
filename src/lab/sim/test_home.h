// A home file lived in, in memory: its devices on their sites, without a network. Tests step it
// minute by minute and look at the fields after each.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <deque>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "base/result.h"
#include "catalog/home.h"
#include "sim/device_driver.h"
#include "sim/home.h"
#include "sim/site.h"
#include "sim/test_bench.h"
#include "sim/virtual_device.h"
#include "testing/catalog.h"

namespace gridloom::sim {

class HomeBench : private DeviceDriver::Connection {
 public:
  struct Device {
    std::string name;
    std::size_t site = 0;
    catalog::Plug plug = catalog::Plug::kCircuit;
    const VirtualDevice* device = nullptr;
  };

  HomeBench(std::string_view home, TimePoint start)
      : HomeBench(told(catalog::find_home(std::string(home), *shipped_catalog())), start) {}
  HomeBench(catalog::VirtualHome home, TimePoint start) : home_(std::move(home)), now_(start) {
    begin({});
  }

  // Ends, and goes on where all devices were left.
  void restart() {
    std::vector<LastState> left;
    left.reserve(devices_.size());
    for (const Device& device : devices_) left.push_back(left_by(*device.device, now_));
    devices_.clear();
    drivers_.clear();
    sites_.clear();
    begin(left);
  }

  // Calls `look` after each minute.
  void live(int days, const std::invocable auto& look) {
    constexpr int kDayMinutes = 24 * 60;
    for (int minute = 0; minute < days * kDayMinutes; ++minute) {
      live_a_minute();
      look();
    }
  }
  void live_a_minute() {
    now_ += std::chrono::minutes(1);
    for (Site& site : sites_) site.step(now_);
  }

  [[nodiscard]] const std::vector<Device>& devices() const { return devices_; }
  [[nodiscard]] const VirtualDevice& device(std::string_view name) const {
    return *std::ranges::find(devices_, name, &Device::name)->device;
  }
  [[nodiscard]] TimePoint now() const { return now_; }

  // What the device saw in its last step.
  [[nodiscard]] Environment environment(const Device& device) const {
    return sites_[device.site].at(now_, device.plug);
  }

 private:
  void begin(const std::vector<LastState>& left) {
    for (const catalog::Site& site : home_.sites) {
      Site& made = sites_.emplace_back(options_of(site));
      for (const catalog::SiteDevice& device : in_order(site)) {
        const LastState* last = left.empty() ? nullptr : &left.at(devices_.size());
        DeviceDriver& driver =
            drivers_.emplace_back(std::make_shared<VirtualFamily>(device.family), device.sn,
                                  Chance(1), made.at(now_, device.plug),
                                  static_cast<Connection&>(*this), last, setup_of(site, device));
        made.join(driver, device.plug);
        devices_.push_back({.name = device.name,
                            .site = sites_.size() - 1,
                            .plug = device.plug,
                            .device = &driver.device()});
      }
    }
  }

  // The value; an error is one of a file that ships, and fails the test with what is wrong there.
  template <typename T>
  static T told(Result<T> result) {
    if (!result) throw std::logic_error(result.error().detail);
    return *std::move(result);
  }
  static std::vector<catalog::SiteDevice> in_order(const catalog::Site& site) {
    std::vector<catalog::SiteDevice> devices;
    for (const bool last : {false, true}) {
      for (const catalog::SiteDevice& device : site.devices) {
        if (steps_last(device.plug) == last) devices.push_back(device);
      }
    }
    return devices;
  }
  [[nodiscard]] bool is_online() const override { return false; }
  [[nodiscard]] bool takes_reports() const override { return false; }
  void publish(VirtualDevice::Message /*message*/) override {}

  catalog::VirtualHome home_;
  TimePoint now_;
  std::deque<Site> sites_;
  std::deque<DeviceDriver> drivers_;
  std::vector<Device> devices_;
};

using Series = std::vector<double>;

double share_of(const Series& series, auto is_so) {
  return static_cast<double>(std::ranges::count_if(series, is_so)) /
         static_cast<double>(series.size());
}

// 1 if they move together; 0 where one of them does not move.
inline double correlation(const Series& a, const Series& b) {
  const auto mean = [](const Series& of) {
    double sum = 0;
    for (const double value : of) sum += value;
    return sum / static_cast<double>(of.size());
  };
  const double mean_a = mean(a);
  const double mean_b = mean(b);
  double aa = 0;
  double bb = 0;
  double ab = 0;
  for (std::size_t k = 0; k < std::min(a.size(), b.size()); ++k) {
    aa += (a[k] - mean_a) * (a[k] - mean_a);
    bb += (b[k] - mean_b) * (b[k] - mean_b);
    ab += (a[k] - mean_a) * (b[k] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

}  // namespace gridloom::sim
