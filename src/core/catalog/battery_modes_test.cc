// Modes of batteries in device files: what a file may say, and the set that it means.
#include "catalog/battery_modes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "catalog/family.h"
#include "testing/catalog.h"
#include "testing/must.h"
#include "wire/json.h"

namespace gridloom::catalog {
namespace {

const FamilyPtr& family_of(std::string_view id) {
  const auto& catalog = shipped_catalog();
  for (const FamilyPtr& family : catalog->families()) {
    if (family->id == id) return family;
  }
  throw std::runtime_error(std::string(id));
}

TEST(BatteryModes, EachModeOfAFamilyIsAValidSetThatCanBePutBack) {
  std::size_t modes = 0;
  for (const std::string_view id : {"delta_2", "delta_2_max", "stream", "delta_pro_3", "delta_pro",
                                    "river_2_pro", "delta_3_max", "smart_home_panel_2"}) {
    const FamilyPtr& family = family_of(id);
    for (const auto& [mode, asked] : family->battery_modes) {
      ++modes;
      const Command* command = command_named(*family, asked.command);
      ASSERT_NE(command, nullptr) << id;
      for (const double charge : {0.0, 49.6, 100.0}) {
        const JsonObject params = params_of(*command, asked.params, charge);
        for (const auto& param : params) {
          EXPECT_TRUE(param.value().is_int64()) << id << ' ' << param.key();
          const auto field = field_of_param(*command, param.key());
          ASSERT_TRUE(field) << id << ' ' << param.key();
          EXPECT_NE(family->field(*field), nullptr) << *field;
        }
        EXPECT_TRUE(validate_set(*family, set_message(*family, *command, params)))
            << id << ' ' << name_of(mode) << ' ' << charge;
      }
    }
  }
  EXPECT_EQ(modes, 13U);
}

TEST(BatteryModes, TheChargeIsRoundedAndStaysInTheRangeOfItsParameter) {
  const FamilyPtr& stream = family_of("stream");
  const ModeCommand& hold = stream->battery_modes.at(BatteryMode::kHold);
  const Command& command = *command_named(*stream, hold.command);
  EXPECT_EQ(wire::to_text(params_of(command, hold.params, 49.6)), R"({"cfgBackupReverseSoc":50})");
  EXPECT_EQ(wire::to_text(params_of(command, hold.params, 100)), R"({"cfgBackupReverseSoc":95})");
  const JsonObject message = set_message(*stream, command, params_of(command, hold.params, 50));
  EXPECT_EQ(message.at("cmdId"), 17);
  EXPECT_EQ(message.at("cmdFunc"), 254);
  for (const auto& member : message) {
    const bool is_reference =
        member.value().is_string() && member.value().get_string().starts_with('$');
    EXPECT_FALSE(is_reference) << member.key();
  }
}

}  // namespace
}  // namespace gridloom::catalog
