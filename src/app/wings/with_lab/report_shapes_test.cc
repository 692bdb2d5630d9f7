// The platform understands the reports that virtual devices send in their family's format: after
// any sequence of events, the twin has exactly the device's fields, with the device's values.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/test_bench.h"
#include "twin/twin.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

// Receives every report of a device, as the platform does.
class Listener {
 public:
  explicit Listener(const catalog::FamilyPtr& family)
      : twin_(std::make_shared<const twin::Layout>(family)) {}

  void on_traffic(const sim::Bench& bench) {
    for (const sim::VirtualDevice::Message& message : bench.said) {
      if (message.verb != "quota") continue;
      const auto applied = twin_.apply(message.payload, reader_, &taken_);
      ASSERT_TRUE(applied) << message.payload;
      EXPECT_EQ(applied->refused, 0U);
      std::set<std::size_t> slots;
      for (const twin::AcceptedValue& taken : taken_) {
        heard_.emplace(twin_.name_of(taken.slot));
        EXPECT_TRUE(slots.insert(taken.slot).second) << twin_.name_of(taken.slot) << " twice";
      }
    }
  }
  void expect_same(const sim::Fields& fields) const {
    std::size_t shown = 0;
    for (const sim::Fields::Entry& entry : fields.entries()) {
      const std::string name = sim::said_name(fields, entry.name);
      const bool is_shown = fields.is_shown(entry.slot.index);
      if (is_shown) ++shown;
      // What is not shown belongs to an extra battery that is not there.
      EXPECT_EQ(twin_.value(name), is_shown ? wire::to_text(fields.get(entry.slot)) : "") << name;
    }
    EXPECT_EQ(heard_.size(), shown);
  }
  [[nodiscard]] twin::Twin& twin() { return twin_; }

 private:
  twin::Twin twin_;
  twin::ReportReader reader_;
  std::vector<twin::AcceptedValue> taken_;
  std::set<std::string> heard_;
};

TEST(ReportShapes, ReportsAreReadBackUnchangedAfterAnySet) {
  for (const std::string& id : sim::shipped_families()) {
    SCOPED_TRACE(id);
    const catalog::FamilyPtr family = sim::family_of(id);
    sim::Bench bench(family, {.seed = sim::life_seed()});
    Listener listener(family);
    sim::RandomSets sets(*family, Chance(sim::life_seed()));
    bench.connect();
    for (int k = 0; k < 60 && !testing::Test::HasFailure(); ++k) {
      bench.step(Millis{k % 10 == 0 ? 60'000 : 2000});
      if (k % 3 == 0 && !family->commands.empty()) {
        bench.tell(wire::to_text(sets.next().message));
      }
      listener.on_traffic(bench);
      listener.expect_same(bench.fields());
      bench.said.clear();
    }
  }
}

// A platform has a twin for each device it ever had, and most of them say little at a time.
TEST(ReportShapes, TheTwinOfADelta2IsSmall) {
  const catalog::FamilyPtr family = sim::family_of("delta_2");
  sim::Bench bench(family, {.seed = 1});
  Listener listener(family);
  EXPECT_LE(listener.twin().kept_bytes(), 200U);
  bench.connect();
  for (int k = 0; k < 60; ++k) bench.step(Millis{60'000});
  listener.on_traffic(bench);
  listener.expect_same(bench.fields());
  EXPECT_LE(listener.twin().kept_bytes(), 2048U);
}

}  // namespace
}  // namespace gridloom::app
