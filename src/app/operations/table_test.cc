#include "app/operations/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "parameters/arguments.h"

namespace gridloom::operations {
namespace {

using testing::HasSubstr;

TEST(Table, NoNameStandsThereTwice) {
  std::set<std::string_view> names;
  for (const Operation& row : table()) EXPECT_TRUE(names.insert(row.name).second) << row.name;
  EXPECT_GT(names.size(), 30U);
}

TEST(Table, EachRowIsCompleteAndIsFound) {
  for (const Operation& row : table()) {
    EXPECT_TRUE(is_complete(row)) << row.name;
    EXPECT_EQ(find(row.name), &row);
    EXPECT_TRUE(std::isupper(static_cast<unsigned char>(row.text.front()))) << row.text;
    for (const Parameter& each : row.parameters) {
      EXPECT_EQ(&parameter(row, each.name), &each);
      EXPECT_FALSE(valid_text(each).empty()) << row.name << ' ' << each.name;
    }
  }
  EXPECT_EQ(find("account.fly"), nullptr);
  EXPECT_EQ(find(""), nullptr);
}

// A row that lacks something is refused where the rows are compiled: static_assert(are_complete()).
TEST(Table, ARowThatLacksSomethingIsNotComplete) {
  static constexpr std::array kGood = {Parameter{.name = "sn", .text = "Serial number"}};
  static constexpr std::array kTextless = {Parameter{.name = "sn", .text = ""}};
  static constexpr std::array kTwice = {Parameter{.name = "sn", .text = "Serial number"},
                                        Parameter{.name = "sn", .text = "Serial number"}};
  static constexpr std::array kUnlimited = {
      Parameter{.name = "limit", .text = "Entries", .type = Type::kInteger}};
  static constexpr std::array kWithoutValues = {
      Parameter{.name = "rights", .text = "Rights", .type = Type::kChoice}};
  constexpr Function kRun = [](const Context&, const Arguments&) -> Result<wire::Json> {
    return wire::Json();
  };
  constexpr Audit kRecorded{Recorded::kBeforeAnswer, "device.move", {"sn"}};
  constexpr Operation kWhole{
      .name = "a", .text = "Moves", .parameters = kGood, .audit = kRecorded, .function = kRun};
  static_assert(is_complete(kWhole));
  const auto without = [&](auto change) {
    Operation row = kWhole;
    change(row);
    return is_complete(row);
  };
  EXPECT_FALSE(without([](Operation& row) { row.name = ""; }));
  EXPECT_FALSE(without([](Operation& row) { row.text = ""; }));
  EXPECT_FALSE(without([](Operation& row) { row.function = nullptr; }));
  EXPECT_FALSE(without([](Operation& row) { row.audit = {}; })) << "not said whether it changes";
  EXPECT_FALSE(without([](Operation& row) { row.audit.kind = ""; }));
  EXPECT_FALSE(without([](Operation& row) { row.audit.kind = "no.such-kind"; }));
  EXPECT_FALSE(without([](Operation& row) { row.audit.facts = {}; }));
  EXPECT_FALSE(without([](Operation& row) { row.parameters = kTextless; }));
  EXPECT_FALSE(without([](Operation& row) { row.parameters = kTwice; }));
  EXPECT_FALSE(without([](Operation& row) { row.parameters = kUnlimited; }));
  EXPECT_FALSE(without([](Operation& row) { row.parameters = kWithoutValues; }));
  const std::array same = {kWhole, kWhole};
  EXPECT_FALSE(are_complete(same));
}

TEST(Table, EachRowIsDescribed) {
  for (const Operation& row : table()) {
    const wire::JsonObject described = description(row);
    EXPECT_EQ(described.at("name"), wire::Json(row.name));
    EXPECT_EQ(described.at("text"), wire::Json(row.text));
    EXPECT_EQ(described.at("parameters").as_array().size(), row.parameters.size());
    EXPECT_EQ(described.contains("audit"), row.audit.recorded != Recorded::kNever) << row.name;
  }
  EXPECT_EQ(
      wire::to_text(description(operation("device.share"))),
      R"({"name":"device.share","text":"Shares a device with another account","parameters":[)"
      R"({"name":"sn","text":"Serial number of the device","type":"serial number",)"
      R"("required":true,"maxBytes":64},{"name":"account","text":"Account that gets the rights",)"
      R"("type":"account","required":true,"maxBytes":256},{"name":"rights","text":)"
      R"("monitor, full, or none to stop sharing","type":"choice","required":true,"values":)"
      R"(["monitor","full","none"]}],"access":"owner","changes":true,"http":true,)"
      R"("audit":"device.share"})");
  EXPECT_THAT(wire::to_text(description(operation("audit"))),
              HasSubstr(R"("type":"integer","required":false,"minimum":1,"maximum":100000)"));
}

// ---- the parameters of each operation

// A value that the parameter can have.
wire::Json valid(const Parameter& parameter) {
  switch (parameter.type) {
    case Type::kText:
    case Type::kSecret:
    case Type::kSerialNumber:
    case Type::kAccount:
      return "x";
    case Type::kChoice:
      return wire::Json(parameter.values.front());
    case Type::kFlag:
      return true;
    case Type::kInteger:
    case Type::kTime:
      return static_cast<std::int64_t>(parameter.most);
    case Type::kNumber:
      return parameter.most;
    case Type::kTexts:
      return wire::JsonArray{"x"};
    case Type::kIntegers:
      return wire::JsonArray{static_cast<std::int64_t>(parameter.least)};
    case Type::kObject:
      return wire::JsonObject{{"id", 1}};
  }
  return {};
}

wire::JsonObject all_valid(const Operation& operation) {
  wire::JsonObject given;
  for (const Parameter& each : operation.parameters) given[each.name] = valid(each);
  return given;
}

// The refusal of the request; empty: it was accepted.
std::string refusal(const Operation& operation, const wire::JsonObject& given) {
  const auto checked = Arguments::check(taker_of(operation), given);
  if (checked) return {};
  EXPECT_EQ(checked.error().code, ErrorCode::kBadParams) << operation.name;
  return checked.error().detail;
}

TEST(Parameters, AreAcceptedWithinTheirLimits) {
  for (const Operation& row : table()) EXPECT_EQ(refusal(row, all_valid(row)), "") << row.name;
}

TEST(Parameters, AnUnknownOneIsRefusedByNameWithThoseThatThereAre) {
  for (const Operation& row : table()) {
    wire::JsonObject given = all_valid(row);
    given["nmae"] = 1;
    const std::string said = refusal(row, given);
    EXPECT_THAT(said, HasSubstr("nmae")) << row.name;
    for (const Parameter& each : row.parameters) EXPECT_THAT(said, HasSubstr(each.name));
  }
  EXPECT_EQ(refusal(operation("device.rename"), {{"sn", "A"}, {"names", "x"}}),
            R"(device.rename has no parameter "names": must be sn or name; did you mean name?)");
}

TEST(Parameters, AMissingOneIsNamedWithWhatWouldBeValid) {
  for (const Operation& row : table()) {
    for (const Parameter& each : row.parameters) {
      wire::JsonObject given = all_valid(row);
      given.erase(each.name);
      EXPECT_EQ(
          refusal(row, given),
          each.required ? std::string(each.name) + " is missing: must be " + valid_text(each) : "")
          << row.name;
    }
  }
}

TEST(Parameters, OneOfAnotherTypeIsNamedWithItsValue) {
  for (const Operation& row : table()) {
    for (const Parameter& each : row.parameters) {
      wire::JsonObject given = all_valid(row);
      given[each.name] = each.type == Type::kObject ? wire::Json(7) : wire::JsonObject{{"a", 7}};
      const std::string said = refusal(row, given);
      EXPECT_THAT(said, testing::StartsWith(std::string(each.name) + " is ")) << row.name;
      EXPECT_THAT(said, testing::EndsWith(": must be " + valid_text(each))) << row.name;
      EXPECT_THAT(said, HasSubstr(each.type == Type::kSecret ? "***" : "7")) << row.name;
      given[each.name] = nullptr;
      EXPECT_NE(refusal(row, given), "") << row.name << ' ' << each.name;
    }
  }
}

TEST(Parameters, ANumberIsNamedAsPeopleWriteIt) {
  EXPECT_EQ(refusal(operation("fault.on"), {{"fault", "slow_answer"}, {"probability", 2.0}}),
            "probability is 2: must be from 0 to 1");
  EXPECT_EQ(refusal(operation("token.remove"), {{"number", 0.5}}),
            "number is 0.5: must be a whole number from 1 to 999999999");
  EXPECT_EQ(refusal(operation("time.step"), {{"ms", 0}}),
            "ms is 0: must be a whole number from 1 to 86400000000000");
}

TEST(Parameters, OneBeyondItsLimitIsRefusedAndOneAtItIsNot) {
  for (const Operation& row : table()) {
    for (const Parameter& each : row.parameters) {
      const auto with = [&](wire::Json value) {
        wire::JsonObject given = all_valid(row);
        given[each.name] = std::move(value);
        return refusal(row, given);
      };
      if (is_text(each.type) && each.type != Type::kChoice) {
        EXPECT_EQ(with(wire::Json(std::string(each.most_bytes, 'a'))), "")
            << row.name << ' ' << each.name;
        EXPECT_NE(with(wire::Json(std::string(each.most_bytes + 1, 'a'))), "")
            << row.name << ' ' << each.name;
      } else if (is_list(each.type)) {
        const wire::Json one = valid(each).as_array().at(0);
        EXPECT_EQ(with(wire::JsonArray(each.most_items, one)), "") << row.name << ' ' << each.name;
        EXPECT_NE(with(wire::JsonArray(each.most_items + 1, one)), "") << row.name;
      } else if (is_number(each.type)) {
        EXPECT_EQ(with(each.least), "") << row.name << ' ' << each.name;
        EXPECT_NE(with(each.least - 1), "") << row.name << ' ' << each.name;
        EXPECT_NE(with(each.most + 2), "") << row.name << ' ' << each.name;
      } else if (each.type == Type::kChoice) {
        for (const std::string_view value : each.values) EXPECT_EQ(with(wire::Json(value)), "");
        EXPECT_NE(with("no-such-value"), "") << row.name << ' ' << each.name;
      }
    }
  }
}

TEST(Parameters, AreReadAsTheyWereGiven) {
  const wire::JsonObject given{
      {"since", 5}, {"what", {"set", "start"}}, {"who", "anna"}, {"sn", ""}, {"limit", 7}};
  const Arguments arguments = *Arguments::check(taker_of(operation("audit")), given);
  EXPECT_EQ(arguments.integer("since"), 5);
  EXPECT_EQ(arguments.integer("until"), std::nullopt);
  EXPECT_THAT(arguments.texts("what"), testing::ElementsAre("set", "start"));
  EXPECT_EQ(arguments.text("who"), "anna");
  EXPECT_EQ(arguments.text("sn"), "");
  EXPECT_EQ(arguments.text("by"), "");
}

}  // namespace
}  // namespace gridloom::operations
