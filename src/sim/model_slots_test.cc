#include "sim/model_slots.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/loader.h"
#include "sim/test_bench.h"
#include "sim/test_family.h"

namespace gridloom::sim {
namespace {

FieldTablePtr test_table() { return std::make_shared<const FieldTable>(test_family()); }

struct Fitting : ModelSlots {
  using ModelSlots::ModelSlots;
  Slot soc = number("pd.soc");
  Slot on = number("pd.on");
  Slot second = number("pack.P-2.amp");
  Slot list = json("list");
  std::vector<std::size_t> packs = modules("pack");
};

TEST(ModelSlots, AreWhereTheTableHasTheirNames) {
  const FieldTablePtr table = test_table();
  const Fitting slots(table);
  EXPECT_TRUE(slots.status());
  EXPECT_EQ(table->entries()[slots.soc.index].name, "pd.soc");
  EXPECT_EQ(table->entries()[slots.second.index].name, "pack.P-2.amp");
  EXPECT_EQ(table->entries()[slots.list.index].name, "list");
  EXPECT_EQ(slots.packs, (std::vector<std::size_t>{0, 1}));
}

struct Missing : ModelSlots {
  using ModelSlots::ModelSlots;
  Slot unknown = number("pd.nothing");
  Slot other_unit = number("pd.soc", "%");
  Slot text = number("pd.name");
  Slot no_list = numbers("pd.watts", "");
  Slot no_field = json("pd.tree");
  std::vector<std::size_t> fans = modules("fan");
};

TEST(ModelSlots, SayEverythingThatTheFamilyLacks) {
  const Missing slots(test_table());
  const Status status = slots.status();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(status.error().detail,
            "test_station: its virtual devices need a field pd.nothing, which the family does not "
            "have; pd.soc in %, but it is in no unit; pd.name as a number, but it is of type "
            "string; pd.watts as an array, but it is of type float; a field pd.tree, which the "
            "family does not have; a module of the group fan, which has none");
}

// A file of a user replaces one of ours, and has a field less.
TEST(ModelSlots, AFamilyWithoutAFieldOfItsModelFailsWhenTheModelIsMade) {
  for (const catalog::EmbeddedFile& file : catalog::embedded_files()) {
    if (file.name != "power_stream.yaml") continue;
    std::string text(file.text);
    const std::string_view name = "20_1.bmsReqChgAmp:";
    const std::size_t at = text.find(name);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, name.size(), "20_1.bmsReqChgAmpere:");
    const auto family = catalog::load_family(file.name, text);
    ASSERT_TRUE(family) << family.error().detail;
    const auto maker = model_maker(std::make_shared<const FieldTable>(*family));
    ASSERT_FALSE(maker);
    EXPECT_EQ(maker.error().detail,
              "power_stream: its virtual devices need a field 20_1.bmsReqChgAmp, which the family "
              "does not have");
    EXPECT_THROW(VirtualFamily{*family}, std::logic_error);
  }
}

TEST(ModelSlots, EachFamilyHasWhatItsModelUses) {
  for (const catalog::EmbeddedFile& file : catalog::embedded_files()) {
    const auto family = catalog::load_family(file.name, file.text).value();
    const auto maker = model_maker(std::make_shared<const FieldTable>(family));
    EXPECT_TRUE(maker) << maker.error().detail;
  }
}

}  // namespace
}  // namespace gridloom::sim
