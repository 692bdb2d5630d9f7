#include "sim/dry_run.h"

#include <xxhash.h>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "sim/virtual_device.h"

namespace gridloom::sim {
namespace {

struct Living {
  std::unique_ptr<VirtualDevice> device;
  std::int64_t stored_uj = 0;  // at the start
  std::uint64_t digest = 0;
};

std::vector<Living> devices_of(const DryRun& dry_run, const World& world) {
  std::vector<Living> devices;
  const Environment environment = world.at(dry_run.from);
  const Chance chance(dry_run.world.seed);
  for (const DryRun::Group& group : dry_run.groups) {
    const auto kind = std::make_shared<const Kind>(group.family);
    for (std::size_t i = 0; i < group.devices; ++i) {
      devices.push_back({.device = std::make_unique<VirtualDevice>(
                             kind, simulated_sn(*group.family, i + 1), chance, environment)});
      devices.back().stored_uj = devices.back().device->balance().stored_uj;
    }
  }
  return devices;
}

void count(std::vector<VirtualDevice::Message>& said, Living& by, DryRunSummary& summary) {
  for (const VirtualDevice::Message& message : said) {
    ++summary.reports;
    summary.bytes += message.payload.size();
    by.digest = XXH3_64bits_withSeed(message.payload.data(), message.payload.size(), by.digest);
  }
  said.clear();
}

void live(const DryRun& dry_run, const World& world, std::span<Living> devices,
          DryRunSummary& summary) {
  std::vector<VirtualDevice::Message> said;
  const Environment begin = world.at(dry_run.from);
  for (Living& one : devices) {
    one.device->connected(begin, said);
    count(said, one, summary);
  }
  for (Millis gone = dry_run.step; gone <= dry_run.span; gone += dry_run.step) {
    const Environment environment = world.at(dry_run.from + gone);
    for (Living& one : devices) {
      if (!dry_run.faults.empty()) one.device->apply_faults(dry_run.faults, environment.now);
      one.device->step(environment, said);
      if (one.device->cut_off()) said.clear();
      ++summary.steps;
      count(said, one, summary);
    }
  }
}

}  // namespace

DryRunSummary run(const DryRun& dry_run) {
  const auto begun = std::chrono::steady_clock::now();
  const World world(dry_run.world);
  std::vector<Living> devices = devices_of(dry_run, world);
  std::vector<DryRunSummary> parts(dry_run.threads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::size_t first = devices.size() * i / parts.size();
      const std::size_t end = devices.size() * (i + 1) / parts.size();
      threads.emplace_back([&, i, share = std::span(devices).subspan(first, end - first)] {
        live(dry_run, world, share, parts[i]);
      });
    }
  }
  DryRunSummary all{.devices = devices.size()};
  for (const DryRunSummary& part : parts) {
    all.steps += part.steps;
    all.reports += part.reports;
    all.bytes += part.bytes;
  }
  for (const Living& one : devices) {
    all.digest = XXH3_64bits_withSeed(&one.digest, sizeof(one.digest), all.digest);
    const Balance balance = one.device->balance();
    all.balance.in_uj += balance.in_uj;
    all.balance.out_uj += balance.out_uj;
    all.balance.lost_uj += balance.lost_uj;
    all.balance.stored_uj += balance.stored_uj - one.stored_uj;
  }
  all.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return all;
}

}  // namespace gridloom::sim
