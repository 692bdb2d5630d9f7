#include "sim/effects.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sim/test_family.h"

namespace gridloom::sim {
namespace {

using wire::Json;
using wire::JsonObject;

struct Change {
  std::string field;
  std::string value;
  bool operator==(const Change&) const = default;
};

void PrintTo(const Change& change, std::ostream* out) {
  *out << change.field << " = " << change.value;
}

// The changes that a set makes to the fields, after the same check that a device uses.
std::vector<Change> changes_of(std::string_view command, std::string_view params) {
  const auto message = wire::parse_json(std::string(R"({"operateType":")") + std::string(command) +
                                        R"(","params":)" + std::string(params) + "}");
  const auto checked = catalog::check_set(*test_family(), message.value().get_object());
  if (!checked) return {{"refused", checked.error().detail}};
  Fields fields(std::make_shared<FieldTable>(test_family()));
  fields.clear_changes();
  apply_effects(*checked->command, checked->params, fields);
  std::vector<Change> changes;
  for (std::size_t i = 0; i < fields.entries().size(); ++i) {
    const Fields::Entry& entry = fields.entries()[i];
    if (fields.changed(i))
      changes.push_back({std::string(entry.name), wire::to_text(fields.get(entry.slot))});
  }
  return changes;
}

TEST(ApplyEffects, CarriesOutEveryForm) {
  const struct {
    std::string_view what;
    std::string_view command;
    std::string_view params;
    std::vector<Change> changes;
  } rows[] = {
      {"a value", "direct", R"({"soc":55})", {{"pd.soc", "55"}}},
      {"what it is already", "direct", R"({"soc":60})", {}},
      {"a sentinel", "direct", R"({"soc":255})", {}},
      {"an ignored param", "direct", R"({"unused":1})", {}},
      {"several fields and every module",
       "direct",
       R"({"both":9})",
       {{"pd.mode", "9"}, {"pack.P-1.vol", "9"}, {"pack.P-2.vol", "9"}}},
      {"times, whole", "forms", R"({"volts":12})", {{"pd.watts", "120"}}},
      {"times, a fraction", "forms", R"({"volts":0.05})", {{"pd.watts", "0.5"}}},
      {"times for modules",
       "forms",
       R"({"amps":70})",
       {{"pack.P-1.amp", "70000"}, {"pack.P-2.amp", "70000"}}},
      {"as a bool", "forms", R"({"flag":1})", {{"pd.on", "true"}}},
      {"as a bool, the other way", "forms", R"({"flag":0})", {}},
      {"mapped", "forms", R"({"freq":2})", {{"pd.mode", "60"}}},
      {"not in the map", "forms", R"({"freq":60})", {{"pd.mode", "60"}}},
      {"a literal under a condition", "forms", R"({"enable":0})", {{"pd.name", R"("off")"}}},
      {"only one of two conditions", "forms", R"({"enable":1})", {}},
      {"both conditions and a sum",
       "forms",
       R"({"enable":1,"level":9})",
       {{"pd.soc", "4"}, {"pd.name", R"("on")"}}},
      {"a sum below nought", "forms", R"({"level":0})", {{"pd.soc", "-5"}}},
      {"an element of a list",
       "inside",
       R"({"ch":11,"on":1})",
       {{"list", R"([{"on":0},{"on":1},{"on":0}])"}}},
      {"past the end of a list", "inside", R"({"ch":13,"on":1})", {}},
      {"no value for the element", "inside", R"({"ch":11,"info":{"at":1}})", {}},
      {"a leaf of a tree",
       "inside",
       R"({"ch":10,"info":{"at":1,"name":"c"}})",
       {{"tree", R"({"info":[{"name":"a"},{"name":"c"}]})"}}},
      {"a leaf without its place", "inside", R"({"ch":10,"info":{"name":"c"}})", {}},
      {"a leaf without its value", "inside", R"({"ch":10,"info":{"at":1}})", {}},
      {"a place that the tree does not have",
       "inside",
       R"({"ch":10,"info":{"at":2,"name":"c"}})",
       {}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(changes_of(row.command, row.params), row.changes) << row.what;
  }
}

TEST(Fill, ReplacesNamesAtAnyDepthAndLeavesOutWhatStandsForNothing) {
  const JsonObject shape{{"a", "$one"},
                         {"b", JsonObject{{"c", "$two"}, {"d", "$none"}}},
                         {"e", "plain"},
                         {"f", 5},
                         {"g", "$none"}};
  const auto lookup = [](std::string_view name) -> std::optional<Json> {
    if (name == "one") return Json(1);
    if (name == "two") return Json("two");
    return std::nullopt;
  };
  EXPECT_EQ(wire::to_text(fill(shape, lookup)), R"({"a":1,"b":{"c":"two"},"e":"plain","f":5})");
}

}  // namespace
}  // namespace gridloom::sim
