// Energy, step by step, through lives at random: any weather, failing grids, cold and heat, and any
// sets. Ten million steps of devices of all families.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/device_bench.h"

namespace gridloom::sim {
namespace {

constexpr std::size_t kDevices = 20;
constexpr std::size_t kSteps = 102'000;  // of each; times five families, ten million
constexpr std::size_t kStepsASet = 60;
constexpr std::size_t kStepsAReport = 500;

struct One {
  std::unique_ptr<VirtualDevice> device;
  Balance begun;
  Balance last;
};

// What is wrong with a step, in words.
std::optional<std::string> fault_of(const One& one, const Balance& now) {
  if (now.in_uj < one.last.in_uj) return "less came in than nothing";
  if (now.out_uj < one.last.out_uj) return "less went out than nothing";
  if (now.lost_uj < one.last.lost_uj) {
    return "it made " + std::to_string(one.last.lost_uj - now.lost_uj) + " uJ of nothing";
  }
  const std::int64_t kept_uj = (now.in_uj - one.begun.in_uj) - (now.out_uj - one.begun.out_uj) -
                               (now.lost_uj - one.begun.lost_uj);
  if (kept_uj != now.stored_uj - one.begun.stored_uj) {
    return "the books are off by " + std::to_string(now.stored_uj - one.begun.stored_uj - kept_uj) +
           " uJ";
  }
  return std::nullopt;
}

class Physics : public testing::TestWithParam<std::string> {};

TEST_P(Physics, LosesNothingAndMakesNothing) {
  const std::uint64_t seed = life_seed();
  SCOPED_TRACE("--gtest_random_seed=" + std::to_string(seed));
  const catalog::FamilyPtr family = family_of(GetParam());
  const auto kind = std::make_shared<const Kind>(family);
  const Chance chance = Chance(seed).split(GetParam());
  const World world({.seed = seed});
  TimePoint now{std::chrono::sys_days{std::chrono::March / 1 / 2025}};
  const auto around_at = [&](std::size_t step) {
    Surroundings around = world.at(now);
    const auto day = static_cast<std::uint64_t>(unix_ms(now) / kDay_ms);
    around.air_c += 18 * chance.split("air").normal(day);
    around.grid_up = chance.split("grid").uniform(step / 700) < 0.8;
    return around;
  };
  std::vector<One> devices;
  for (std::size_t i = 0; i < kDevices; ++i) {
    One& one = devices.emplace_back();
    one.device = std::make_unique<VirtualDevice>(kind, "LIFE" + std::to_string(i), Chance(seed),
                                                 around_at(0));
    one.begun = one.last = one.device->balance();
  }
  RandomSets sets(*family, chance);
  std::vector<VirtualDevice::Message> said;
  for (std::size_t step = 1; step <= kSteps; ++step) {
    now += std::chrono::seconds{1 + chance.bits(step) % 60};
    const Surroundings around = around_at(step);
    for (std::size_t i = 0; i < kDevices; ++i) {
      One& one = devices[i];
      one.device->move(around);
      const std::size_t turn = step + i * 37;
      if (turn % kStepsASet == 0 && !family->commands.empty()) {
        one.device->on_set(wire::to_text(sets.next().message), around, said);
      }
      if (turn % kStepsAReport == 0) {
        one.device->connected(around, said);
        expect_documented(one.device->fields());
      }
      said.clear();
      const Balance balance = one.device->balance();
      const auto fault = fault_of(one, balance);
      ASSERT_FALSE(fault || HasFailure())
          << GetParam() << ", device " << i << ", step " << step << ": " << fault.value_or("");
      one.last = balance;
    }
  }
  const Balance& last = devices.front().last;
  EXPECT_GT(last.in_uj, devices.front().begun.in_uj);
  EXPECT_GT(last.out_uj, devices.front().begun.out_uj);
}

INSTANTIATE_TEST_SUITE_P(OfEachFamily, Physics,
                         testing::Values("delta_2", "power_kits", "power_ocean", "power_stream",
                                         "smart_home_panel"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace gridloom::sim
