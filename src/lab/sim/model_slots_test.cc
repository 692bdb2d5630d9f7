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

// The embedded file of the family with one change.
catalog::FamilyPtr changed_family(std::string_view file_name, std::string_view old_text,
                                  std::string_view new_text) {
  for (const catalog::EmbeddedFile& file : catalog::embedded_files()) {
    if (file.name != file_name) continue;
    std::string text(file.text);
    EXPECT_TRUE(text.contains(old_text)) << old_text;
    // A group lists a field too.
    for (std::size_t at = 0; (at = text.find(old_text, at)) != std::string::npos;) {
      text.replace(at, old_text.size(), new_text);
      at += new_text.size();
    }
    return catalog::load_family(file.name, text).value();
  }
  return nullptr;
}

// A file of a user replaces one of ours, and lacks a number or has one more.
TEST(ModelSlots, AFamilyHasTheNumbersOfItsModelAndNoOthers) {
  const struct {
    std::string_view old_text;
    std::string_view new_text;
    std::string_view told;
  } rows[] = {
      {"least_solar_w: 3\n", "lest_solar_w: 3\n",
       "power_stream: its virtual devices need a number physics.model.least_solar_w, which the "
       "family lacks; no number physics.model.lest_solar_w, which nothing reads"},
      {"      capacity_wh: 1024\n", "",
       "power_stream: its virtual devices need a number physics.batteries.battery.capacity_wh, "
       "which the family lacks"},
      {"physics:\n", "physics:\n  grid: {export_w: 800}\n",
       "power_stream: its virtual devices need no number physics.grid.export_w, which nothing "
       "reads"},
  };
  for (const auto& row : rows) {
    const Status status =
        check_model(changed_family("power_stream.yaml", row.old_text, row.new_text));
    ASSERT_FALSE(status) << row.new_text;
    EXPECT_EQ(status.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(status.error().detail, row.told);
  }
}

// The same, and has a field less.
TEST(ModelSlots, AFamilyWithoutAFieldOfItsModelFailsWhenTheModelIsMade) {
  const auto family =
      changed_family("power_stream.yaml", "20_1.bmsReqChgAmp", "20_1.bmsReqChgAmpere");
  const auto maker = model_maker(std::make_shared<const FieldTable>(family));
  ASSERT_FALSE(maker);
  EXPECT_EQ(maker.error().detail,
            "power_stream: its virtual devices need a field 20_1.bmsReqChgAmp, which the family "
            "does not have");
  EXPECT_THROW(VirtualFamily{family}, std::logic_error);
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
