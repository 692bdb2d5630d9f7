// How full the batteries of a home were, step by step: the mean of those that are known, read from
// the history of one device after another. Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/reader.h"
#include "history/series/series_reader.h"
#include "home/history_devices.h"
#include "time/time_zone.h"

namespace gridloom::home {

class HomeCharges {
 public:
  struct Options {
    std::vector<HistoryDevice> devices{};  // those without a charge are left out
    std::vector<std::int64_t> bounds{};    // of the steps
    std::int64_t step_ms = 0;
    time::TimeZone zone{};   // whose days steps begin with
    std::size_t most = 256;  // devices with a charge; the charge of more is not computed
  };
  explicit HomeCharges(Options options);
  ~HomeCharges();
  HomeCharges(HomeCharges&&) noexcept;
  HomeCharges& operator=(HomeCharges&&) = delete;
  HomeCharges(const HomeCharges&) = delete;
  HomeCharges& operator=(const HomeCharges&) = delete;

  // Works for about a millisecond. Fails as Reader does; a device with damaged history is left out.
  [[nodiscard]] Status work(history::Reader& reader);
  [[nodiscard]] bool done() const { return next_ == options_.devices.size(); }
  // Whether the home has a charge, and it is computed.
  [[nodiscard]] bool is_computed() const { return is_computed_; }
  // In percent, one a step; nothing: not known. Valid once done().
  [[nodiscard]] std::vector<std::optional<double>> percents() const;

 private:
  // The sum of some values of each step, and how many they are.
  struct Mean {
    double sum = 0;
    std::size_t count = 0;

    void add(double value) {
      sum += value;
      ++count;
    }
    [[nodiscard]] std::optional<double> value() const {
      if (count == 0) return std::nullopt;
      return sum / static_cast<double>(count);
    }
  };
  class DeviceSteps;  // of one device: receives the series of all its fields
  void begin_device();
  void end_device();

  Options options_;
  bool is_computed_ = false;
  std::vector<Mean> steps_;
  std::size_t next_ = 0;  // device
  std::optional<history::SeriesReader> series_;
  std::unique_ptr<DeviceSteps> device_;
};

}  // namespace gridloom::home
