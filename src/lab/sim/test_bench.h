// A test bench for one virtual device: its own site and clock, no network, and all messages kept.
// It also has the checks that hold for every family, and a randomized run to check them in.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "base/read_file.h"
#include "catalog/loader.h"
#include "sim/device_driver.h"
#include "sim/effects.h"
#include "sim/model.h"
#include "sim/models/parts.h"
#include "sim/test_sets.h"
#include "sim/world.h"
#include "testing/source_path.h"
#include "wire/json.h"

namespace gridloom::sim {

// Each family that is shipped, so that a new one is in every test of all; `generic` has no devices.
inline std::vector<std::string> shipped_families() {
  std::vector<std::string> ids;
  for (const catalog::EmbeddedFile& file : catalog::embedded_files()) {
    const std::string_view id = file.name.substr(0, file.name.find('.'));
    if (id != "generic") ids.emplace_back(id);
  }
  return ids;
}

// An embedded family, or one of tests/families; nullptr if there is none of that name.
inline catalog::FamilyPtr family_of(std::string_view id) {
  const std::string name = std::string(id) + ".yaml";
  for (const catalog::EmbeddedFile& file : catalog::embedded_files()) {
    if (file.name == name) return catalog::load_family(file.name, file.text).value();
  }
  const auto text = read_text(source_path("tests/families/") + name, catalog::kMaxDeviceFile);
  return text ? catalog::load_family(name, *text).value() : nullptr;
}

inline FieldTablePtr table_of(std::string_view id) {
  return std::make_shared<const FieldTable>(family_of(id));
}

// How a device is left whose simulation ends now.
inline LastState left_by(const VirtualDevice& device, TimePoint now) {
  LastState last{.at = now, .unreported = device.unreported()};
  for (const Fields::Entry& entry : device.fields().entries()) {
    last.reported[device.fields().reported_name(entry.slot)] = device.fields().get(entry.slot);
  }
  return last;
}

class Bench : private DeviceDriver::Connection {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::string sn = "BENCH0001";
    TimePoint start{std::chrono::sys_days{std::chrono::April / 10 / 2025}};
    const LastState* last = nullptr;
    std::function<void(Environment&)> site{};
    Setup setup{};
  };
  explicit Bench(catalog::FamilyPtr family) : Bench(std::move(family), Options{}) {}
  Bench(catalog::FamilyPtr family, const Options& options)
      : site(options.site),
        world_({.seed = options.seed}),
        now_(options.start),
        kept_(options.last == nullptr ? wire::JsonObject() : options.last->unreported),
        driver_(std::make_shared<VirtualFamily>(family), options.sn, Chance(options.seed),
                environment(), *this, options.last, options.setup) {}

  // A test's changes to the site's environment, in addition to those of the seed.
  std::function<void(Environment&)> site;
  // The device's fault rules, from the next step on.
  std::vector<FaultRule> rules;
  // The messages since the test last cleared them.
  std::vector<VirtualDevice::Message> said;

  // The state in which the device would be left now, by a fleet that ends or by one that is killed.
  [[nodiscard]] LastState left() const { return left_by(device(), now_); }
  [[nodiscard]] LastState left_by_a_kill() const {
    LastState last = left();
    last.unreported = kept_;
    return last;
  }

  [[nodiscard]] Environment environment() const {
    Environment environment = world_.at(now_);
    if (site) site(environment);
    return environment;
  }
  void connect() { driver_.report_everything(environment()); }
  void step(Millis time) {
    now_ += time;
    driver_.apply_faults(rules, now_);
    driver_.step(environment());
  }
  void run(Millis time, Millis each = Millis{kMinute_ms}) {
    for (Millis gone{0}; gone < time; gone += each) step(each);
  }
  void tell(std::string_view message) { driver_.on_set(message, environment()); }
  // Sends a set. Returns its reply, which is the device's last message.
  wire::JsonObject set(const wire::JsonObject& message) {
    tell(wire::to_text(message));
    return wire::parse_json(said.back().payload).value().get_object();
  }
  wire::JsonObject set(std::string_view message) {
    return set(wire::parse_json(message).value().get_object());
  }

  [[nodiscard]] const VirtualDevice& device() const { return driver_.device(); }
  [[nodiscard]] const catalog::Family& family() const { return device().family(); }
  [[nodiscard]] const Fields& fields() const { return device().fields(); }
  [[nodiscard]] double number(std::string_view name) const { return fields().number(name); }
  [[nodiscard]] TimePoint now() const { return now_; }

 private:
  [[nodiscard]] bool is_online() const override { return true; }
  [[nodiscard]] bool takes_reports() const override { return true; }
  void publish(VirtualDevice::Message message) override { said.push_back(std::move(message)); }
  void keep(const wire::JsonObject& unreported) override { kept_ = unreported; }

  World world_;
  TimePoint now_;
  wire::JsonObject kept_;
  DeviceDriver driver_;
};

// The name under which the device reports a field: with its own module's serial number.
inline std::string said_name(const Fields& fields, std::string_view name) {
  std::string said(name);
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return said;
  for (const std::string& sn : fields.modules(name.substr(0, dot))) {
    if (!name.substr(dot + 1).starts_with(sn + '.')) continue;
    return said.replace(dot + 1, sn.size(), fields.serial(sn));
  }
  return said;
}

// A field's value in the family's file.
inline const wire::Json& initial_of(const Fields& fields, std::string_view name) {
  return std::ranges::find(fields.entries(), name, &Fields::Entry::name)->field->initial;
}

// Expects every value to have its field's type and to be in its range.
inline void expect_documented(const Fields& fields) {
  for (const Fields::Entry& entry : fields.entries()) {
    const wire::Json value = fields.get(entry.slot);
    const bool fits = catalog::fits(entry.field->type, value);
    EXPECT_TRUE(fits) << entry.name << " is " << wire::to_text(value);
    if (!fits || !entry.field->range || !value.is_number()) continue;
    const double number = value.to_number<double>();
    EXPECT_GE(number, entry.field->range->low) << entry.name;
    EXPECT_LE(number, entry.field->range->high) << entry.name;
  }
}

// Counters that must only grow, except on the days and resets that the test announces with
// reset().
class MonotonicCounters {
 public:
  explicit MonotonicCounters(std::vector<std::string> names) : names_(std::move(names)) {}

  void expect(const Fields& fields) {
    for (const std::string& name : names_) {
      const double value = fields.number(name);
      const auto [last, is_new] = last_.try_emplace(name, value);
      EXPECT_GE(value, last->second) << name;
      last->second = value;
    }
  }
  void reset() { last_.clear(); }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, double> last_;
};

// Sends a set and expects what the file documents: it is obeyed, and its values read back
// unchanged.
inline void expect_obeyed(Bench& bench, const RandomSets::Set& set) {
  const auto checked = catalog::check_set(bench.family(), set.message);
  ASSERT_TRUE(checked) << checked.error().detail << " " << wire::to_text(set.message);
  ASSERT_EQ(checked->command, set.command);
  Fields written = bench.fields();
  apply_effects(*set.command, checked->params, written);
  const wire::JsonObject reply = bench.set(set.message);
  EXPECT_FALSE(reply.contains("message")) << wire::to_text(reply);
  if (set.command->valid_while) {
    // A refused set changes nothing.
    std::vector<double> values;
    for (const std::string& name : set.command->valid_while->names) {
      for (const Fields::Entry& entry : written.entries()) {
        if (entry.name == name) values.push_back(written.si(entry.slot));
      }
    }
    if (catalog::evaluate(*set.command->valid_while, values) < 0) return;
  }
  for (const catalog::Effect& effect : set.command->effects) {
    if (!effect.at.empty() || effect.field.contains('*')) continue;
    EXPECT_EQ(bench.fields().get(effect.field), written.get(effect.field))
        << effect.field << " after " << wire::to_text(set.message);
  }
}

// The seed of a randomized run; another one with --gtest_random_seed.
inline std::uint64_t life_seed() {
  return static_cast<std::uint64_t>(std::max(1, GTEST_FLAG_GET(random_seed)));
}

// Runs a device for days at a site where the grid fails now and then, with random sets if the
// family has commands. Calls `check` after every step and every set.
template <typename Check>
void live(Bench& bench, int days, std::uint64_t seed, Check check) {
  constexpr int kSteps_a_set = 9;
  bench.site = [](Environment& environment) {
    environment.grid_up = unix_ms(environment.now) / (90 * kMinute_ms) % 6 != 4;
  };
  RandomSets sets(bench.family(), Chance(seed));
  bench.connect();
  const TimePoint end = bench.now() + Millis{days * kDay_ms};
  for (int k = 0; bench.now() < end && !testing::Test::HasFailure(); ++k) {
    bench.step(k % 50 < 12 ? Millis{2000} : Millis{kMinute_ms});
    expect_documented(bench.fields());
    check();
    if (k % kSteps_a_set == 0 && !bench.family().commands.empty()) {
      expect_obeyed(bench, sets.next());
      expect_documented(bench.fields());
      check();
    }
    bench.said.clear();
  }
}

}  // namespace gridloom::sim
