// How fast virtual devices are, on one thread: `bench/simulator [FAMILY]` prints a line a family,
// of steps without a report (the device's physics alone) and of steps that are reported.
//
// A site has many devices and one weather, as in the simulator.
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
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
using Steady = std::chrono::steady_clock;

constexpr TimePoint kStart{std::chrono::sys_days{std::chrono::June / 21 / 2025}};
constexpr Millis kStep{2000};
constexpr std::size_t kDevices = 500;
constexpr std::chrono::seconds kFor{2};

class Site final : public sim::DeviceDriver::Connection {
 public:
  explicit Site(const catalog::FamilyPtr& family) : now_(kStart) {
    const auto kind = std::make_shared<const sim::VirtualFamily>(family);
    for (std::size_t i = 0; i < kDevices; ++i) {
      devices_.push_back(std::make_unique<sim::DeviceDriver>(kind, fmt::format("BENCH{}", i),
                                                             Chance(1), world_.at(now_), *this));
    }
  }

  // Steps of all devices for some seconds, two seconds of theirs each; how many a second.
  template <typename OnDevice>
  double steps_a_second(OnDevice on_device) {
    const auto begun = Steady::now();
    std::size_t steps = 0;
    while (Steady::now() - begun < kFor) {
      now_ += kStep;
      const sim::Environment environment = world_.at(now_);
      for (const auto& device : devices_) on_device(*device, environment);
      steps += devices_.size();
    }
    steps_ += steps;
    return static_cast<double>(steps) /
           std::chrono::duration<double>(Steady::now() - begun).count();
  }
  void forget_counts() { steps_ = reports_ = bytes_ = 0; }
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
    ++reports_;
    bytes_ += message.payload.size();
  }

  sim::World world_{{.seed = 1}};
  TimePoint now_;
  std::vector<std::unique_ptr<sim::DeviceDriver>> devices_;
  std::uint64_t steps_ = 0;
  std::uint64_t reports_ = 0;
  std::uint64_t bytes_ = 0;
};

void measure(const catalog::FamilyPtr& family) {
  Site site(family);
  const double moves =
      site.steps_a_second([](sim::DeviceDriver& device, const sim::Environment& environment) {
        device.move(environment);
      });
  site.forget_counts();
  const double reported =
      site.steps_a_second([](sim::DeviceDriver& device, const sim::Environment& environment) {
        device.step(environment);
      });
  const double a_step = site.reports_a_step();
  fmt::print("| {} | {:.2f} M | {:.3f} M | {:.2f} | {:.2f} M | {:.0f} |\n", family->id, moves / 1e6,
             reported / 1e6, a_step, reported * a_step / 1e6, site.bytes_a_report());
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
