#include "base/printable.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/secret.h"

namespace gridloom {
namespace {

TEST(Redacted, EveryKeyThatIsMadeHereIsRecognizedAnywhere) {
  for (int i = 0; i < 300; ++i) {
    for (const std::string& key : {random_key(32), random_key(43), random_hex(16)}) {
      const std::string shown = redacted("GET /sign-in/" + key + "?x=" + key + " glt_" + key);
      EXPECT_FALSE(shown.contains(key.substr(0, 8))) << shown;
      EXPECT_FALSE(shown.contains(key.substr(key.size() - 8))) << shown;
      EXPECT_TRUE(shown.starts_with("GET /sign-in/" + key.substr(0, 4) + "***?x=")) << shown;
    }
  }
}

TEST(Redacted, NamesOfDevicesFieldsAndPathsStay) {
  for (const std::string_view text :
       {"R331ZEB4ZEAL0528", "runtimePropertyIncrementalUploadPeriod",
        "operateIntelligentScheduleModeOpen", "/iot-open/sign/device/system/main/sn",
        "bms_bmsStatus.soc", "345164", "", "glt_", "Küche ▁▂▃"}) {
    EXPECT_EQ(redacted(text), text);
  }
}

TEST(Redacted, ANameThatIsPublicStaysThoughItLooksLikeAKey) {
  const std::string name = "cfgMadeUpInfo5p8ChgPowMax";
  EXPECT_EQ(redacted("params." + name + " is 300"), "params.cfgM*** is 300");
  keep_when_redacting("group." + name + ".soc");
  EXPECT_EQ(redacted("params." + name + " is 300"), "params." + name + " is 300");
  EXPECT_EQ(redacted(name + "x"), "cfgM***") << "another word";
}

TEST(Redacted, AKeyThatAnExtractCutsIsNoLessRecognized) {
  const std::string key = random_key(43);
  for (std::size_t before = 0; before < 90; ++before) {
    const std::string text = std::string(before, '-') + key + std::string(100, '-');
    const std::string shown = redacted_extract(text);
    EXPECT_FALSE(shown.contains(key.substr(0, 5))) << shown;
    EXPECT_LE(shown.size(), 80U + 3) << shown;
    EXPECT_TRUE(shown.ends_with("...")) << shown;
  }
  std::string keys;
  for (int i = 0; i < 20; ++i) keys += random_key(43) + '&';
  for (std::string_view rest = keys; !rest.empty(); rest.remove_prefix(44)) {
    EXPECT_FALSE(redacted_extract(keys).contains(rest.substr(0, 5)));
  }
}

TEST(Redacted, AnExtractEndsBetweenCharactersAndIsPrintable) {
  EXPECT_EQ(redacted_extract("aé\x1b[2J", 3), "aé...");
  EXPECT_EQ(redacted_extract("aé\x1b[2J", 2), "a...");
  EXPECT_EQ(redacted_extract("aé\x1b[2J"), "aé?[2J");
}

TEST(Redacted, AnUnknownNameThatIsLongerThanASerialNumberIsCut) {
  EXPECT_EQ(redacted_name("nobody"), "nobody");
  EXPECT_EQ(redacted_name("R331ZEB4ZEAL0528"), "R331ZEB4ZEAL0528");
  EXPECT_EQ(redacted_name("annas-own-secret-key"), "anna***");
}

}  // namespace
}  // namespace gridloom
