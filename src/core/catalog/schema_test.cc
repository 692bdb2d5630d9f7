#include "catalog/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "catalog/family.h"
#include "catalog/keys.h"
#include "catalog/loader.h"
#include "catalog/sections.h"
#include "catalog/starter.h"
#include "testing/source_path.h"

namespace gridloom::catalog {
namespace {

using testing::HasSubstr;

TEST(Schema, IsTheCommittedOne) {
  std::ifstream in(source_path("devices/schema.json"), std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(device_file_schema() == committed)
      << "devices/schema.json is not current: gridloom family schema > devices/schema.json";
}

TEST(Schema, OfTranslationsIsTheCommittedOne) {
  std::ifstream in(source_path("devices/de/schema.json"), std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(translation_schema() == committed)
      << "devices/de/schema.json is not current: gridloom family schema --translations > "
         "devices/de/schema.json";
}

TEST(Schema, OfHomesIsTheCommittedOne) {
  std::ifstream in(source_path("homes/schema.json"), std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(home_file_schema() == committed)
      << "homes/schema.json is not current: gridloom home schema > homes/schema.json";
}

TEST(Schema, IsJson) {
  const auto schema = wire::parse_json(device_file_schema(), {.bytes = 1U << 20U, .keys = 4096});
  ASSERT_TRUE(schema) << schema.error().detail;
  EXPECT_TRUE(schema->at("definitions").as_object().contains("param"));
}

TEST(Keys, EachSectionsKeysAreUniqueAndDescribed) {
  for (const Section& section : sections()) {
    for (const Key& key : section.keys) {
      EXPECT_EQ(section.find(key.name), &key) << section.name << '.' << key.name;
      EXPECT_FALSE(key.description.empty()) << section.name << '.' << key.name;
      // A list of texts may be of any texts, or of choices.
      if (key.form == Form::kTexts) continue;
      const bool chooses =
          key.form == Form::kChoice || key.form == Form::kNumbers || key.form == Form::kChosenTexts;
      EXPECT_EQ(chooses, !key.choices.empty()) << section.name << '.' << key.name;
    }
  }
}

TEST(Keys, NameEveryType) {
  const Key* type = section_of(SectionId::kField).find("type");
  ASSERT_EQ(type->choices.size(), kFieldTypes.size());
  for (const FieldType one : kFieldTypes)
    EXPECT_THAT(type->choices, testing::Contains(name_of(one)));
}

TEST(Starter, IsAFamilyThatLoads) {
  for (const std::string id : {"kiln", "heat_pump_2", "a"}) {
    const auto text = starter_file(id);
    ASSERT_TRUE(text) << text.error().detail;
    const auto family = load_family(id + ".yaml", *text);
    ASSERT_TRUE(family) << family.error().detail;
    EXPECT_EQ((*family)->id, id);
    EXPECT_FALSE((*family)->fields.empty());
    EXPECT_FALSE((*family)->commands.empty());
    EXPECT_FALSE((*family)->physics.empty());
  }
  const auto family = load_family("heat_pump.yaml", starter_file("heat_pump").value());
  EXPECT_EQ((*family)->product, "Heat Pump");
  EXPECT_EQ((*family)->prefixes.front(), "HEAT01");
}

TEST(Starter, RefusesWhatIsNoId) {
  for (const std::string id : {"", "Kiln", "2kiln", "../kiln", "a b", "kiln.yaml", "_x"}) {
    const auto text = starter_file(id);
    ASSERT_FALSE(text) << id;
    EXPECT_THAT(text.error().detail, HasSubstr('"' + id + "\" is not a family id"));
  }
  EXPECT_FALSE(starter_file(std::string(41, 'a')));
}

}  // namespace
}  // namespace gridloom::catalog
