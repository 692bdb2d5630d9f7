// How fast virtual devices are, on one thread: `bench/simulator` prints a line a family, of steps
// without a report (the device's physics alone) and of steps that are reported.
//
// A site has many devices and one weather, as in the simulator.
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "catalog/loader.h"
#include "sim/virtual_device.h"
#include "sim/world.h"

namespace {

using namespace gridloom;
using Steady = std::chrono::steady_clock;

constexpr TimePoint kStart{std::chrono::sys_days{std::chrono::June / 21 / 2025}};
constexpr Millis kStep{2000};
constexpr std::size_t kDevices = 500;
constexpr std::chrono::seconds kFor{2};

class Site {
 public:
  explicit Site(const catalog::FamilyPtr& family) : now_(kStart) {
    const auto kind = std::make_shared<const sim::Kind>(family);
    for (std::size_t i = 0; i < kDevices; ++i) {
      devices_.push_back(std::make_unique<sim::VirtualDevice>(kind, fmt::format("BENCH{}", i),
                                                              Chance(1), world_.at(now_)));
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
    return static_cast<double>(steps) /
           std::chrono::duration<double>(Steady::now() - begun).count();
  }

 private:
  sim::World world_{{.seed = 1}};
  TimePoint now_;
  std::vector<std::unique_ptr<sim::VirtualDevice>> devices_;
};

void measure(const catalog::FamilyPtr& family) {
  Site site(family);
  const double moves =
      site.steps_a_second([](sim::VirtualDevice& device, const sim::Environment& environment) {
        device.move(environment);
      });
  std::vector<sim::VirtualDevice::Message> said;
  std::uint64_t reports = 0;
  std::uint64_t bytes = 0;
  std::uint64_t steps = 0;
  const double reported =
      site.steps_a_second([&](sim::VirtualDevice& device, const sim::Environment& environment) {
        device.step(environment, said);
        ++steps;
        reports += said.size();
        for (const auto& message : said) bytes += message.payload.size();
        said.clear();
      });
  const double a_step = static_cast<double>(reports) / static_cast<double>(steps);
  fmt::print("| {} | {:.2f} M | {:.3f} M | {:.2f} | {:.2f} M | {:.0f} |\n", family->id, moves / 1e6,
             reported / 1e6, a_step, reported * a_step / 1e6,
             static_cast<double>(bytes) / static_cast<double>(reports));
}

}  // namespace

int main() {
  fmt::print(
      "| family | steps a second | steps with reports a second | reports a step | "
      "reports a second | bytes a report |\n|---|---|---|---|---|---|\n");
  for (const catalog::EmbeddedFile& file : catalog::embedded_files()) {
    const auto family = catalog::load_family(file.name, file.text).value();
    if (!family->reports.empty()) measure(family);
  }
}
