// Compares the one-pass reader with a slow one that builds the whole tree: the reader accepts every
// report that the slow one accepts, with the same members and values in the same order. Each report
// is read twice, because the reader expects the order of the report before.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "twin/report_reader.h"
#include "twin/test_family.h"
#include "twin/twin.h"
#include "wire/json.h"

namespace {

using gridloom::twin::Layout;
using gridloom::twin::LayoutPtr;
using gridloom::twin::Member;
using gridloom::twin::ReportReader;
using gridloom::wire::Json;
using gridloom::wire::JsonObject;
namespace wire = gridloom::wire;

constexpr wire::JsonLimits kLimits{.bytes = std::size_t{256} * 1024, .depth = 32, .keys = 4096};
constexpr std::size_t kLongestName = 1024;
constexpr std::size_t kMaxNameBytes = std::size_t{16} * 1024;  // in addition to 4 per byte

using Expected = std::vector<std::pair<std::string, const Json*>>;

void require(bool holds) {
  if (!holds) std::abort();
}

bool has_long_name(const Json& value) {
  if (const auto* object = value.if_object()) {
    for (const auto& [name, inner] : *object) {
      if (name.size() > kLongestName || has_long_name(inner)) return true;
    }
  }
  if (const auto* array = value.if_array()) {
    for (const Json& inner : *array) {
      if (has_long_name(inner)) return true;
    }
  }
  return false;
}

void walk(const JsonObject& group, const std::string& path, const Layout* nests, Expected& to) {
  for (const auto& [key, value] : group) {
    const std::string name = path.empty() ? std::string(key) : path + "." + std::string(key);
    if (nests != nullptr && value.is_object() && !nests->is_value(name)) {
      walk(value.get_object(), name, nests, to);
    } else {
      to.emplace_back(name, &value);
    }
  }
}

Expected body_of(const JsonObject& report, const Layout& layout) {
  const Layout* nests = layout.family->messages.nested ? &layout : nullptr;
  Expected expected;
  for (const auto& [key, value] : report) {
    if ((key == "params" || key == "param") && value.is_object()) {
      walk(value.get_object(), "", nests, expected);
      return expected;
    }
  }
  walk(report, "", nullptr, expected);
  return expected;
}

void compare(const std::vector<Member>& members, const Expected& expected) {
  require(members.size() == expected.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    require(members[i].name == expected[i].first);
    const auto value = wire::parse_json(members[i].text, kLimits);
    require(value.has_value() && *value == *expected[i].second);
  }
}

// A slot that the reader gives is that of the quota's name.
void check_slots(ReportReader& reader, const Layout& layout) {
  const std::string_view prefix = reader.prefix(layout);
  for (const Member& member : reader.body()) {
    if (member.slot == Member::kUnknown) continue;
    const auto found = layout.index.find(reader.quota_name(layout, prefix, member.name));
    const bool is_declared = found != layout.index.end();
    require(is_declared ? member.slot == found->second : member.slot == Member::kUndeclared);
  }
}

// True if the report was accepted and equals the tree.
bool check(ReportReader& reader, const LayoutPtr& layout, std::string_view text) {
  const bool taken = reader.read(*layout, text).has_value();
  const auto tree = wire::parse_json(text, kLimits);
  if (!tree) {
    if (!taken) return false;
    // The reader checks neither for duplicate names nor for the magnitude of numbers.
    const std::string& why = tree.error().detail;
    require(why.contains("twice") || why.contains("out of range"));
    return false;
  }
  if (!tree->is_object() || has_long_name(*tree)) {
    require(!taken);
    return false;
  }
  const Expected expected = body_of(tree->get_object(), *layout);
  std::size_t name_bytes = 0;
  for (const auto& [name, value] : expected) name_bytes += name.size();
  if (!taken && name_bytes > kMaxNameBytes + 4 * text.size()) return false;
  require(taken);
  compare(reader.body(), expected);
  check_slots(reader, *layout);
  return true;
}

bool check(const LayoutPtr& layout, std::string_view text) {
  ReportReader reader;
  const bool first = check(reader, layout, text);
  require(check(reader, layout, text) == first);
  return first;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace twin = gridloom::twin;
  const std::string text(data, data + size);
  if (check(twin::nested_layout(), text)) {
    twin::Twin nested(twin::nested_layout());
    ReportReader reader;
    require(nested.apply(text, reader).has_value());
    const auto all = nested.all();
    require(all != nullptr);
    require(wire::parse_json(*all, {.bytes = 1U << 22U, .depth = 66, .keys = 5000}).has_value());
  }
  if (!check(twin::flat_layout(), text)) return 0;

  // A twin's reply must be valid JSON.
  twin::Twin device(twin::flat_layout());
  ReportReader reader;
  require(device.apply(text, reader).has_value());
  const auto all = device.all();
  require(all != nullptr);
  require(wire::parse_json(*all, {.bytes = 1U << 22U, .depth = 33, .keys = 5000}).has_value());
  return 0;
}
