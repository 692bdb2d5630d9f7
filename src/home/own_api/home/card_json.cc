#include "own_api/home/card_json.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "own_api/bodies/home.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using wire::Json;
using wire::JsonObject;

// The rows of devices come behind this, at the home's end. Nothing before it is a text of a device.
constexpr std::string_view kRows = R"("devices":[)";

constexpr auto kPictureMembers =
    std::to_array<std::string_view>({"nodes", "flows", "unaccounted_w", "gridCaption"});
constexpr auto kNodeMembers =
    std::to_array<std::string_view>({"power_w", "atLeast", "charge_percent"});

// The place behind the object that begins at `at`.
std::size_t end_of_object(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  bool is_in_string = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (is_in_string) {
      if (c == '\\') ++at;
      if (c == '"') is_in_string = false;
    } else if (c == '"') {
      is_in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return at + 1;
    }
  }
  return text.size();
}

// The row of a device; empty: the home has no such device.
std::string_view row_of(std::string_view home, std::string_view sn) {
  const std::string begin = fmt::format(R"({{"sn":"{}",)", sn);
  const std::size_t rows = home.find(kRows);
  if (rows == std::string_view::npos) return {};
  for (std::size_t at = rows + kRows.size(); at < home.size() && home[at] == '{';) {
    const std::size_t end = end_of_object(home, at);
    const std::string_view row = home.substr(at, end - at);
    if (row.starts_with(begin)) return row;
    at = end + 1;  // behind the comma
  }
  return {};
}

// The members of `from` with these names.
JsonObject chosen(const JsonObject& from, std::span<const std::string_view> names) {
  JsonObject made;
  for (const std::string_view name : names) {
    if (const Json* value = from.if_contains(name)) made[name] = *value;
  }
  return made;
}

// The picture of the home; a node is shown without the devices that make it unknown.
JsonObject picture_in(std::string_view home) {
  std::string head(home.substr(0, home.find(kRows)));
  head.append(kRows).append("]}");
  const auto parsed = wire::parse_json(head);
  if (!parsed || !parsed->is_object()) return {};
  JsonObject picture = chosen(parsed->get_object(), kPictureMembers);
  if (Json* nodes = picture.if_contains("nodes"); nodes != nullptr && nodes->is_object()) {
    for (auto& [place, node] : nodes->get_object()) {
      if (node.is_object()) node = chosen(node.get_object(), kNodeMembers);
    }
  }
  return picture;
}

}  // namespace

std::optional<Card> card_of(const registry::Token* token) {
  if (token == nullptr || token->scope != registry::Scope::kCard) return std::nullopt;
  return Card{.device = token->device};
}

std::string card_members(std::string_view home, const Card& card) {
  std::string empty =
      schema::members_text(body::Home{.grid_caption = overview::GridCaption::kNone}, 1);
  if (!card.device.empty()) {
    empty.insert(empty.size() - 1, row_of(home, card.device));
    return empty;
  }
  auto whole = wire::parse_json(fmt::format("{{{}}}", empty));
  if (!whole || !whole->is_object()) return empty;
  for (auto& [name, value] : picture_in(home)) whole->get_object()[name] = std::move(value);
  const std::string text = wire::to_text(*whole);
  return text.substr(1, text.size() - 2);
}

std::string card_text(std::string_view members, std::int64_t now_ms) {
  return fmt::format(R"({{"now":{},{}}})", now_ms, members);
}

}  // namespace gridloom::api
