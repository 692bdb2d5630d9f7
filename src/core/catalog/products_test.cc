// Products: what the file says, what the loader refuses, and what a serial number is then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/family_json.h"
#include "catalog/loader.h"
#include "catalog/products_file.h"
#include "testing/catalog.h"
#include "testing/temporary_folder.h"

namespace gridloom::catalog {
namespace {

using testing::HasSubstr;

FamilyPtr family(std::string id, std::vector<std::string> prefixes) {
  auto made = std::make_shared<Family>();
  made->product = id;
  made->id = std::move(id);
  made->prefixes = std::move(prefixes);
  return made;
}

TEST(Products, NameADeviceByTheLongestBeginning) {
  const auto catalog = shipped_catalog();
  const struct {
    std::string_view sn, family, product;
  } rows[] = {{"R331ZEB4ZEAL0528", "delta_2", "DELTA 2"},
              {"D3N1ZA1A9H7H0136", "delta_3_max", "DELTA 3 Max"},
              {"D3M1ZA1A9H7H0136", "delta_3_max", "DELTA 3 Max Plus"},
              {"D361ZA1A9H7H0136", "generic", "DELTA 3 1500"},
              {"D3X1ZA1A9H7H0136", "generic", "DELTA 1300"},
              {"BK11Z00000000001", "stream", "STREAM Ultra"},
              {"BK61Z00000000001", "stream", "STREAM Ultra X"},
              {"HJ31ZDH2ZF690025", "power_ocean", "PowerOcean"},
              {"HJ3CZDH2ZF690025", "generic", "PowerOcean Plus"},
              {"MR51ZAS2PG330026", "delta_pro_3", "DELTA Pro 3"},
              {"MR52ZAS2PG330026", "generic", "DELTA Pro 3 Smart Extra Battery"},
              {"HEATER-01", "generic", ""}};
  for (const auto& row : rows) {
    EXPECT_EQ(catalog->of_serial(row.sn)->id, row.family) << row.sn;
    EXPECT_EQ(catalog->product_name(row.sn), row.product) << row.sn;
  }
}

TEST(Products, AreServedAsTheirFileSays) {
  const auto catalog = shipped_catalog();
  ASSERT_GT(catalog->products().size(), 160U);
  std::set<std::string_view> prefixes;
  for (const Product& product : catalog->products()) {
    prefixes.insert(product.prefix);
    const FamilyPtr& serving = catalog->of_serial(product.prefix);
    EXPECT_EQ(serving->passthrough ? "" : serving->id, product.family) << product.prefix;
    EXPECT_NE(product.family.empty(), product.unserved == std::nullopt) << product.prefix;
  }
  for (const FamilyPtr& each : catalog->families()) {
    for (const std::string& prefix : each->prefixes) {
      EXPECT_TRUE(prefixes.contains(prefix)) << each->id << ": no product begins with " << prefix;
    }
  }
}

TEST(Products, SayWhyNoFamilyServesThem) {
  const auto catalog = shipped_catalog();
  const auto told = [&](std::string_view sn) {
    wire::JsonObject row;
    add_unserved(*catalog, sn, row);
    return wire::to_text(row);
  };
  EXPECT_EQ(told("P231"), R"j({"product":"DELTA 3","unserved":"refused",)j"
                          R"j("reason":"the vendor's platform refuses it (1006)"})j");
  EXPECT_EQ(told("R361"),
            R"j({"product":"DELTA 2 Max Smart Extra Battery","unserved":"through_host","reason":)j"
            R"j("its values come with those of the device that it belongs to, a DELTA 2 Max"})j");
  for (const std::string_view sn : {"R331", "HEATER-01", ""}) EXPECT_EQ(told(sn), "{}") << sn;
}

// A row of the file, and what is told of it.
TEST(Products, WithAMistakeAreRefusedWithFileLineAndKey) {
  const std::vector<FamilyPtr> families = {family("one", {"AA"}), family("two", {"AAB"})};
  const struct {
    std::string_view row, told;
  } rows[] = {
      {"AA1: {name: A, family: one, source: here}", ""},
      {"AAB1: {name: A, family: two, source: here 12}", ""},
      {"AAC: {name: A, unserved: through_host, host: one, source: 'here, here 2'}", ""},
      {"AA1: {name: A, family: oen, source: here}",
       "p.yaml:3: products.AA1.family: there is no family oen; did you mean one?"},
      {"AAB1: {name: A, family: one, source: here}",
       "p.yaml:3: products.AAB1.family: AAB1 is served by two: no prefix of one is longer"},
      {"ZZ: {name: A, family: one, source: here}", "ZZ is served by generic"},
      {"AA1: {name: A, source: here}", "products.AA1: must have either a family, or in unserved"},
      {"AA1: {name: A, family: one, unserved: refused, source: here}", "must have either a family"},
      {"ZZ: {name: A, unserved: no_idea, source: here}",
       "products.ZZ.unserved: \"no_idea\" must be"},
      {"ZZ: {name: A, unserved: refused, host: one, source: here}",
       "ZZ.host: stands with unserved"},
      {"ZZ: {name: A, unserved: through_host, host: x, source: here}",
       "ZZ.host: there is no family"},
      {"ZZ: {name: A, unserved: refused}", "products.ZZ.source: this key is missing"},
      {"ZZ: {name: A, unserved: refused, source: ''}", "products.ZZ.source: is empty"},
      {"ZZ: {name: A, unserved: refused, source: 'here, there 3'}", "\"there\" is none of the"},
      {"ZZ: {name: A, unserved: refused, source: here, made: 1}", "products.ZZ.made: unknown key"},
      {"ZZ: {name: A, unserved: refused, source: here}\n  ZZ: {}", "this key occurs twice"},
  };
  for (const auto& row : rows) {
    const auto products = load_products(
        "p.yaml", "sources: {here: A list}\nproducts:\n  " + std::string(row.row) + '\n', families);
    EXPECT_EQ(products.has_value(), row.told.empty()) << row.row;
    if (!products) EXPECT_THAT(products.error().detail, HasSubstr(row.told)) << row.row;
  }
}

TEST(Products, AreLeftOutWhereAFolderHasAFamilyForThem) {
  const TemporaryFolder folder;
  write_content(folder.path() / "power_ocean.yaml",
                "family: power_ocean\nproduct: Mine\ndescription: x\nprefixes: [HJ3]\n");
  write_content(folder.path() / "river.yaml",
                "family: river\nproduct: Any RIVER\ndescription: x\nprefixes: [R6]\n");
  const auto catalog = load_catalog(folder.path()).value();
  const struct {
    std::string_view sn, family, product;
  } rows[] = {{"HJ3CZDH2ZF690025", "power_ocean", "Mine"},
              {"HJ31ZDH2ZF690025", "power_ocean", "Mine"},
              {"R601ZDH2ZF690025", "river", "Any RIVER"},
              {"R621ZDH2ZF690025", "river_2_pro", "RIVER 2 Pro"},
              {"P231ZDH2ZF690025", "generic", "DELTA 3"}};
  for (const auto& row : rows) {
    EXPECT_EQ(catalog->of_serial(row.sn)->id, row.family) << row.sn;
    EXPECT_EQ(catalog->product_name(row.sn), row.product) << row.sn;
  }
}

TEST(Products, OfAFolderTakeThePlaceOfOurs) {
  const TemporaryFolder folder;
  write_content(folder.path() / "river.yaml",
                "family: river\nproduct: Any RIVER\ndescription: x\nprefixes: [R6]\n");
  std::filesystem::create_directory(folder.path() / "products");
  write_content(folder.path() / kProductsFile,
                "sources: {seen: My own devices}\nproducts:\n"
                "  R601: {name: RIVER 2, family: river, source: seen}\n");
  auto catalog = load_catalog(folder.path());
  ASSERT_TRUE(catalog) << catalog.error().detail;
  EXPECT_EQ((*catalog)->product_name("R601ZDH2ZF690025"), "RIVER 2");
  EXPECT_EQ((*catalog)->product_of("P231ZDH2ZF690025"), nullptr);
  write_content(folder.path() / kProductsFile, "products: {}\n");
  catalog = load_catalog(folder.path());
  ASSERT_FALSE(catalog);
  EXPECT_THAT(catalog.error().detail, HasSubstr("products.yaml:1: sources: this key is missing"));
}

}  // namespace
}  // namespace gridloom::catalog
