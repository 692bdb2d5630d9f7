// How fast virtual devices are, on one thread: `bench/simulator [FAMILY]` prints a line a family,
// of steps without a report (the device's physics alone) and of steps that are reported.
//
// A site has many devices and one weather, as in the simulator. The same minutes of two days are
// simulated several times, and the fastest time counts, by the processor's time of this thread: so
// the figures of two programs compare, even where others use the processor too.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "catalog/loader.h"
#include "sim/device_driver.h"
#include "sim/world.h"

namespace {

using namespace gridloom;

constexpr TimePoint kStart{std::chrono::sys_days{std::chrono::June / 21 / 2025}};
constexpr Millis kStep{2000};
constexpr std::size_t kDevices = 500;
// A part of a day is a minute of each device, in which a report of everything is due once. The step
// to its begin does not count: much happened before it.
constexpr std::size_t kSteps = 30;
constexpr int kMoves = 60;  // parts without a report, and after these with one
constexpr int kReported = 8;
constexpr int kTimes = 5;

double processor_s() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

class Site final : public sim::DeviceDriver::Connection {
 public:
  explicit Site(const catalog::FamilyPtr& family) : now_(kStart) {
    const auto kind = std::make_shared<const sim::VirtualFamily>(family);
    for (std::size_t i = 0; i < kDevices; ++i) {
      devices_.push_back(std::make_unique<sim::DeviceDriver>(kind, fmt::format("BENCH{}", i),
                                                             Chance(1), world_.at(now_), *this));
    }
  }

  // Steps of all devices in equal parts of a day, two seconds of theirs each; how many a second.
  template <typename OnDevice>
  double steps_a_second(int parts, OnDevice on_device) {
    const Millis between = Millis(std::chrono::days{1}) / parts - kSteps * kStep;
    reports_ = bytes_ = 0;
    steps_ = static_cast<std::size_t>(parts) * kSteps * devices_.size();
    double used_s = 0;
    for (int part = 0; part < parts; ++part) {
      step_all(between, on_device);
      is_counting_ = true;
      const double begun_s = processor_s();
      for (std::size_t k = 0; k < kSteps; ++k) step_all(kStep, on_device);
      used_s += processor_s() - begun_s;
      is_counting_ = false;
    }
    return static_cast<double>(steps_) / used_s;
  }
  [[nodiscard]] double reports_a_step() const {
    return static_cast<double>(reports_) / static_cast<double>(steps_);
  }
  [[nodiscard]] double bytes_a_report() const {
    return static_cast<double>(bytes_) / static_cast<double>(reports_);
  }

 private:
  [[nodiscard]] bool is_online() const override { return true; }
  [[nodiscard]] bool takes_reports() const override { return true; }
  void publish(sim::VirtualDevice::Message message) override {
    if (!is_counting_) return;
    ++reports_;
    bytes_ += message.payload.size();
  }
  template <typename OnDevice>
  void step_all(Millis step, OnDevice on_device) {
    now_ += step;
    const sim::Environment environment = world_.at(now_);
    for (const auto& device : devices_) on_device(*device, environment);
  }

  sim::World world_{{.seed = 1}};
  TimePoint now_;
  std::vector<std::unique_ptr<sim::DeviceDriver>> devices_;
  bool is_counting_ = false;
  std::size_t steps_ = 0;
  std::uint64_t reports_ = 0;
  std::uint64_t bytes_ = 0;
};

void measure(const catalog::FamilyPtr& family) {
  double moves = 0;
  double reported = 0;
  double reports = 0;
  double bytes = 0;
  for (int time = 0; time < kTimes; ++time) {
    Site site(family);
    const double moved = site.steps_a_second(
        kMoves, [](auto& device, const auto& environment) { device.move(environment); });
    moves = std::max(moves, moved);
    const double stepped = site.steps_a_second(
        kReported, [](auto& device, const auto& environment) { device.step(environment); });
    reported = std::max(reported, stepped);
    reports = site.reports_a_step();
    bytes = site.bytes_a_report();
  }
  fmt::print("| {} | {:.2f} M | {:.3f} M | {:.2f} | {:.2f} M | {:.0f} |\n", family->id, moves / 1e6,
             reported / 1e6, reports, reported * reports / 1e6, bytes);
}

}  // namespace

int main(int count, char** words) {
  const std::string_view only = count > 1 ? words[1] : "";
  fmt::print(
      "| family | steps a second | steps with reports a second | reports a step | "
      "reports a second | bytes a report |\n|---|---|---|---|---|---|\n");
  for (const catalog::EmbeddedFile& file : catalog::embedded_files()) {
    const auto family = catalog::load_family(file.name, file.text).value();
    if (!family->reports.empty() && (only.empty() || only == family->id)) measure(family);
  }
}
