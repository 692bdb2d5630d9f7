#include "sim/members.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <system_error>

#include "sim/text_buffer.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

constexpr std::uint8_t kUnknown = 255;  // decimals of a number that is not whole

}  // namespace

void Members::find_members(const Fields& fields, std::uint32_t version) {
  version_ = version;
  places_.assign(slots_.paths.size(), {});
  if (version == 0) return;
  const std::string_view text = fields.text(slots_.slot);
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  const Status walked =
      wire::walk_json(text, {.bytes = kAny, .keys = kAny}, [&](const wire::Leaf& leaf) {
        const auto path = std::ranges::find(slots_.paths, leaf.path);
        if (path == slots_.paths.end() || leaf.kind != wire::LeafKind::kNumber) return;
        // A number's text is a view of the text that is walked.
        Place place{.mantissa = 0,
                    .at = static_cast<std::uint32_t>(leaf.text.data() - text.data()),
                    .length = static_cast<std::uint8_t>(leaf.text.size()),
                    .decimals = 0};
        const char* const end = leaf.text.data() + leaf.text.size();
        const auto [read_to, error] = std::from_chars(leaf.text.data(), end, place.mantissa);
        if (read_to != end || error != std::errc()) place.decimals = kUnknown;
        places_[static_cast<std::size_t>(path - slots_.paths.begin())] = place;
      });
  static_cast<void>(walked);  // a field's text is JSON
}

void Members::write(Fields& fields, std::size_t member, std::int64_t mantissa, unsigned decimals) {
  Place& place = places_[member];
  std::array<char, kNumberBytes> digits;
  const char* const end = write_decimal(digits.data(), mantissa, decimals);
  const std::string_view text(digits.data(), end);
  fields.replace(slots_.slot, {.at = place.at, .length = place.length}, text);
  const auto longer = static_cast<std::uint32_t>(text.size() - place.length);  // modulo 2^32
  if (longer != 0) {
    for (Place& other : places_) other.at += other.at > place.at ? longer : 0;
  }
  place.mantissa = mantissa;
  place.length = static_cast<std::uint8_t>(text.size());
  place.decimals = static_cast<std::uint8_t>(decimals);
}

}  // namespace gridloom::sim
