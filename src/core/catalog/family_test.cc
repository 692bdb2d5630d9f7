#include "catalog/family.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/loader.h"
#include "catalog/test_family.h"

namespace gridloom::catalog {
namespace {

const Family& made_up() {
  static const FamilyPtr family = load_family("made_up.yaml", kMadeUpFamily).value();
  return *family;
}

TEST(Fits, TellsWholeNumbersNumbersAndTheRestApart) {
  const Json half(0.5);
  const Json five(5.0);
  EXPECT_TRUE(fits(FieldType::kInt, Json(5)));
  EXPECT_TRUE(fits(FieldType::kInt, five));
  EXPECT_FALSE(fits(FieldType::kInt, half));
  EXPECT_FALSE(fits(FieldType::kInt, Json(true)));
  EXPECT_TRUE(fits(FieldType::kFloat, Json(5)));
  EXPECT_TRUE(fits(FieldType::kFloat, half));
  EXPECT_FALSE(fits(FieldType::kFloat, Json("5")));
  EXPECT_FALSE(fits(FieldType::kBool, Json(1)));
  EXPECT_TRUE(fits(FieldType::kString, Json("")));
  EXPECT_TRUE(fits(FieldType::kArray, Json(JsonArray())));
  EXPECT_FALSE(fits(FieldType::kObject, Json(JsonArray())));
  EXPECT_TRUE(fits(FieldType::kAny, Json()));
}

TEST(FamilyField, MatchesAModulesSerialNumberWithAStar) {
  const struct {
    std::string_view quota;
    std::string_view name;  // empty: no such field
  } rows[] = {{"pd.soc", "pd.soc"},
              {"watts", "watts"},
              {"pack.P-1.vol", "pack.*.vol"},
              {"pack.X.amp", "pack.*.amp"},
              {"pack.vol", ""},
              {"pack..vol", ""},
              {"pack.P.1.vol", ""},
              {"pd", ""},
              {"pack.P-1", ""},
              {"", ""},
              {".", ""},
              {"..", ""},
              {"bag.P-1.vol", ""},
              {"pd.soc.", ""}};
  for (const auto& row : rows) {
    const Field* field = made_up().field(row.quota);
    EXPECT_EQ(field == nullptr ? "" : field->name, row.name) << row.quota;
  }
}

TEST(FamilySlots, PutsEachModuleForTheStarInTheOrderOfTheFile) {
  std::vector<std::string> names;
  for (const auto& [name, field] : made_up().slot_names()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"pd.soc", "pd.beep", "pd.state", "pd.on", "pd.cur",
                                             "pd.err", "pd.errs", "pd.left", "watts", "info.name",
                                             "pack.P-1.vol", "pack.P-2.vol", "pack.P-1.amp",
                                             "pack.P-2.amp", "pd.in1.watts", "pd.in1.on",
                                             "pd.in2.watts", "pd.in2.on", "pd.slots"}));
  EXPECT_EQ(made_up().slot_names()[11].second, made_up().field("pack.P-2.vol"));
}

TEST(FamilyCommand, ComparesSelectorsAsTexts) {
  const struct {
    std::string_view message;
    std::string_view name;  // empty: unknown
  } rows[] = {{R"({"moduleType":5,"operateType":"charge"})", "charge"},
              {R"({"moduleType":"5","operateType":"charge"})", "charge"},
              {R"({"moduleType":5.0,"operateType":"charge"})", "charge"},
              {R"({"moduleType":5,"operateType":11})", "channel"},
              {R"({"moduleType":5,"operateType":""})", ""},
              {R"({"moduleType":1,"operateType":"charge"})", ""},
              {R"({"moduleType":{},"operateType":[]})", ""}};
  for (const auto& row : rows) {
    const auto found = made_up().find_command(wire::parse_json(row.message)->as_object());
    ASSERT_TRUE(found) << row.message;
    EXPECT_EQ(*found == nullptr ? "" : (*found)->name, row.name) << row.message;
  }
}

TEST(FamilyCommand, ReachesSelectorsInsideOfParams) {
  Family family;
  family.select = {"params.cmdSet", "params.id"};
  Command command;
  command.name = "reset";
  command.select = {{"params.cmdSet", 1}, {"params.id", 20}};
  family.commands = {command};
  const auto find = [&](std::string_view text) {
    return family.find_command(wire::parse_json(text)->as_object());
  };
  EXPECT_EQ((*find(R"({"params":{"cmdSet":1,"id":"20"}})"))->name, "reset");
  EXPECT_EQ(find(R"({"params":{"cmdSet":1}})").error().detail,
            "params.id is missing: a set names params.cmdSet and params.id");
  EXPECT_EQ(find(R"({"params":5})").error().code, ErrorCode::kBadParams);
}

TEST(FamilyCommand, NeedsNoPartOfTheSelectorThatAllCommandsShare) {
  Family family;
  family.select = {"params.cmdSet", "params.id"};
  const auto command = [](std::string name, int set, int id) {
    Command made;
    made.name = std::move(name);
    made.select = {{"params.cmdSet", set}, {"params.id", id}};
    return made;
  };
  family.commands = {command("outputs", 32, 66), command("car", 32, 81)};
  const auto find = [&](std::string_view text) {
    return family.find_command(wire::parse_json(text)->as_object());
  };
  EXPECT_EQ((*find(R"({"params":{"id":81}})"))->name, "car");
  EXPECT_EQ(*find(R"({"params":{"cmdSet":11,"id":81}})"), nullptr);
  EXPECT_FALSE(find(R"({"params":{"cmdSet":32}})"));
  family.commands.push_back(command("reset", 1, 20));
  EXPECT_FALSE(find(R"({"params":{"id":81}})")) << "it could be of either set";
}

FamilyPtr family_of(std::string id, std::vector<std::string> prefixes) {
  auto family = std::make_shared<Family>();
  family->id = std::move(id);
  family->passthrough = prefixes.empty();
  family->prefixes = std::move(prefixes);
  return family;
}

TEST(CatalogOfSerial, TakesTheLongestPrefixAndElseTheOpenFamily) {
  const Catalog catalog(
      {family_of("short", {"R3"}), family_of("open", {}), family_of("long", {"R331", "X"})});
  EXPECT_EQ(catalog.of_serial("R331ZEB4")->id, "long");
  EXPECT_EQ(catalog.of_serial("R351ZEB4")->id, "short");
  EXPECT_EQ(catalog.of_serial("Z")->id, "open");
  EXPECT_EQ(catalog.of_serial("")->id, "open");
  EXPECT_EQ(catalog.find("long")->id, "long");
  EXPECT_EQ(catalog.find("none"), nullptr);
}

TEST(CatalogOfSerial, HasAnOpenFamilyEvenIfNoneWasGiven) {
  const Catalog catalog({});
  ASSERT_TRUE(catalog.of_serial("DCABZ"));
  EXPECT_TRUE(catalog.of_serial("DCABZ")->passthrough);
}

}  // namespace
}  // namespace gridloom::catalog
