#include "sim/dry_run.h"

#include <xxhash.h>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "sim/device_driver.h"

namespace gridloom::sim {
namespace {

// A device whose messages are counted and hashed.
class CountedDevice final : private DeviceDriver::Connection {
 public:
  CountedDevice(VirtualFamilyPtr virtual_family, std::string sn, Chance chance,
                const Environment& environment)
      : driver_(std::move(virtual_family), std::move(sn), chance, environment, *this),
        begun_(driver_.device().balance()) {}

  [[nodiscard]] DeviceDriver& driver() { return driver_; }
  void add_to(DryRunSummary& all) const {
    all.reports += reports_;
    all.bytes += bytes_;
    all.digest = XXH3_64bits_withSeed(&digest_, sizeof(digest_), all.digest);
    const Balance balance = driver_.device().balance();
    all.balance.in_uj += balance.in_uj - begun_.in_uj;
    all.balance.out_uj += balance.out_uj - begun_.out_uj;
    all.balance.lost_uj += balance.lost_uj - begun_.lost_uj;
    all.balance.stored_uj += balance.stored_uj - begun_.stored_uj;
  }

 private:
  [[nodiscard]] bool is_online() const override { return true; }
  [[nodiscard]] bool takes_reports() const override { return true; }
  void publish(VirtualDevice::Message message) override {
    ++reports_;
    bytes_ += message.payload.size();
    digest_ = XXH3_64bits_withSeed(message.payload.data(), message.payload.size(), digest_);
  }

  DeviceDriver driver_;
  Balance begun_;  // after the start, which may have made a step
  std::uint64_t reports_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t digest_ = 0;
};
using Devices = std::vector<std::unique_ptr<CountedDevice>>;

Devices devices_of(const DryRun& dry_run, const World& world) {
  Devices devices;
  const Environment environment = world.at(dry_run.from);
  const Chance chance(dry_run.world.seed);
  for (const DryRun::Group& group : dry_run.groups) {
    const auto virtual_family = std::make_shared<const VirtualFamily>(group.family);
    for (std::size_t i = 0; i < group.devices; ++i) {
      devices.push_back(std::make_unique<CountedDevice>(
          virtual_family, simulated_sn(*group.family, i + 1), chance, environment));
    }
  }
  return devices;
}

// Returns the number of steps.
std::uint64_t live(const DryRun& dry_run, const World& world,
                   std::span<const std::unique_ptr<CountedDevice>> devices,
                   const OnDryRunProgress& on_progress) {
  std::uint64_t steps = 0;
  const Environment begin = world.at(dry_run.from);
  for (const auto& device : devices) device->driver().report_everything(begin);
  for (Millis gone = dry_run.step; gone <= dry_run.span; gone += dry_run.step) {
    const Environment environment = world.at(dry_run.from + gone);
    for (const auto& device : devices) {
      device->driver().apply_faults(dry_run.faults, environment.now);
      device->driver().step(environment);
    }
    steps += devices.size();
    if (on_progress) on_progress(gone);
  }
  return steps;
}

}  // namespace

DryRunSummary run(const DryRun& dry_run, const OnDryRunProgress& on_progress) {
  const auto begun = std::chrono::steady_clock::now();
  const World world(dry_run.world);
  const Devices devices = devices_of(dry_run, world);
  std::vector<std::uint64_t> steps(dry_run.threads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::size_t first = devices.size() * i / steps.size();
      const std::size_t end = devices.size() * (i + 1) / steps.size();
      threads.emplace_back([&, i, share = std::span(devices).subspan(first, end - first)] {
        steps[i] = live(dry_run, world, share, i == 0 ? on_progress : OnDryRunProgress());
      });
    }
  }
  DryRunSummary all{.devices = devices.size()};
  for (const std::uint64_t each : steps) all.steps += each;
  for (const auto& device : devices) device->add_to(all);
  all.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return all;
}

}  // namespace gridloom::sim
