#include "transcripts/device_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "catalog/entry.h"
#include "catalog/physics.h"
#include "wire/json.h"

namespace gridloom::transcripts {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr std::array<std::string_view, 4> kKeys = {"place", "supplies", "initial", "packs"};

std::unexpected<Error> wrong(std::string detail) {
  return fail(ErrorCode::kBadParams, std::move(detail));
}

// Empty if it is no text.
std::string_view word_of(const Json& value) {
  const auto* text = value.if_string();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

Result<catalog::Place> place_from(const Json& value) {
  const std::string_view word = word_of(value);
  const auto place = catalog::place_of(word);
  if (place) return *place;
  return wrong(fmt::format("place: {} must be {}", wire::to_text(value),
                           catalog::one_of(word, catalog::kPlaces)));
}

Result<std::uint32_t> circuits_from(const Json& value) {
  if (!value.is_array()) return wrong("supplies: must be a list of circuits");
  std::uint32_t circuits = 0;
  for (const Json& each : value.get_array()) {
    const std::string_view word = word_of(each);
    const auto* found = std::ranges::find(catalog::kHomeCircuits, word);
    if (found == catalog::kHomeCircuits.end()) {
      return wrong(fmt::format("supplies: {} must be {}", wire::to_text(each),
                               catalog::one_of(word, catalog::kHomeCircuits)));
    }
    circuits |= 1U << static_cast<unsigned>(found - catalog::kHomeCircuits.begin());
  }
  return circuits;
}

Result<sim::InitialValues> initial_from(const Json& value, const catalog::Family& family) {
  const JsonObject* object = value.if_object();
  if (object == nullptr) return wrong("initial: must be an object of fields and their values");
  sim::InitialValues values;
  for (const auto& member : *object) {
    const std::string name(member.key());
    const auto field = std::ranges::find(family.fields, name, &catalog::Field::name);
    if (field == family.fields.end()) {
      std::vector<std::string_view> known;
      known.reserve(family.fields.size());
      for (const catalog::Field& one : family.fields) known.emplace_back(one.name);
      return wrong(
          fmt::format("initial: {} has no field {}{}", family.id, name, did_you_mean(name, known)));
    }
    const Json& start = member.value();
    if (!catalog::fits(field->type, start)) {
      return wrong(fmt::format("initial: {} is {}: must be of type {}", name, wire::to_text(start),
                               name_of(field->type)));
    }
    if (field->range && start.is_number()) {
      const auto number = start.to_number<double>();
      const auto [low, high] = *field->range;
      if (number < low || number > high) {
        return wrong(fmt::format("initial: {} is {}: must be {} to {}", name, wire::to_text(start),
                                 low, high));
      }
    }
    values.emplace_back(name, start);
  }
  return values;
}

Result<std::vector<catalog::Pack>> packs_from(const Json& value, const catalog::Family& family) {
  const std::size_t most = catalog::pack_parts(family).size();
  const std::int64_t count = wire::is_whole(value) ? wire::whole(value) : -1;
  if (count >= 0 && std::cmp_less_equal(count, most)) {
    return std::vector<catalog::Pack>(static_cast<std::size_t>(count));
  }
  return wrong(fmt::format("packs: {} must be 0 to {} extra batteries of {}", wire::to_text(value),
                           most, family.product));
}

}  // namespace

Result<sim::Setup> setup_from(std::string_view text, const catalog::Family& family) {
  sim::Setup setup;
  if (text.empty()) return setup;
  const auto parsed = wire::parse_json(text);
  if (!parsed) return wrong(parsed.error().detail);
  const JsonObject* object = parsed->if_object();
  if (object == nullptr) return wrong("must be an object such as {\"place\":\"garage\"}");
  for (const auto& member : *object) {
    const std::string_view key = member.key();
    if (key == "place") {
      GL_TRY(const auto place, place_from(member.value()));
      setup.place = place;
    } else if (key == "supplies") {
      GL_TRY(const auto circuits, circuits_from(member.value()));
      setup.circuits = circuits;
    } else if (key == "initial") {
      GL_TRY(auto values, initial_from(member.value(), family));
      setup.initial = std::move(values);
    } else if (key == "packs") {
      GL_TRY(auto packs, packs_from(member.value(), family));
      setup.packs = std::move(packs);
    } else {
      return wrong(fmt::format("{}: must be {}", key, catalog::one_of(key, kKeys)));
    }
  }
  return setup;
}

}  // namespace gridloom::transcripts
