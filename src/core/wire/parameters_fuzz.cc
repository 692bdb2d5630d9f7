// Fuzzes query, body and Content-Type: exactly the signed parameters must be read. A request signed
// with our own sign() verifies; if any byte of the source is changed afterwards, the request either
// does not verify, or is read as the same parameters.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include "wire/signing.h"

namespace {

namespace wire = gridloom::wire;

constexpr wire::SigningLimits kLimits = {.json = {.bytes = 4096, .depth = 8, .keys = 64},
                                         .query_bytes = 4096,
                                         .parameters = 256,
                                         .canonical_bytes = 1 << 20};
constexpr std::string_view kTypes[] = {"", "application/json", "application/x-www-form-urlencoded",
                                       "text/json; charset=utf-8"};

void require(bool holds) {
  if (!holds) std::abort();
}

// Collects the leaves as text, without what the signature cannot distinguish (see signing.h):
// types, and empty values.
void add_leaves(const wire::Json& value, const std::string& path, std::multiset<std::string>& out) {
  if (const auto* object = value.if_object()) {
    for (const auto& [name, inner] : *object) {
      add_leaves(inner, path + "." + std::string(name), out);
    }
  } else if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      add_leaves((*array)[i], path + "[" + std::to_string(i) + "]", out);
    }
  } else {
    out.insert(path + "=" + wire::plain_text(value));
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::string_view type = kTypes[data[0] % std::size(kTypes)];
  const std::size_t change_at = data[1];
  const auto change_to = static_cast<char>(data[2]);
  const std::string text(data + 3, data + size);
  const std::size_t cut = std::min(text.find('\n'), text.size());
  std::string query = text.substr(0, cut);
  std::string body = text.substr(std::min(cut + 1, text.size()));

  auto mac = gridloom::wire::KeyedMac::make(gridloom::Secret(std::string("fuzz secret")));
  require(mac.has_value());
  const auto request_of = [&](std::string_view sign) {
    return wire::SignedRequest{.content_type = type,
                               .query = query,
                               .body = body,
                               .access_key = "key",
                               .nonce = "1",
                               .timestamp = "2",
                               .sign = sign};
  };
  const auto sign = wire::sign(request_of({}), *mac, kLimits);
  const auto read = wire::parameters_of(request_of({}), kLimits);
  if (!sign) {
    // A request that cannot be signed is not read either, unless it only has too many parameters.
    require(!read || wire::source_of(request_of({})) == wire::Source::kNothing ||
            text.size() > kLimits.parameters);
    return 0;
  }
  require(wire::verify(request_of(*sign), *mac, kLimits).has_value());
  if (!read) return 0;

  const wire::Source source = wire::source_of(request_of({}));
  std::string& changed = source == wire::Source::kBody ? body : query;
  if (source == wire::Source::kNothing || changed.empty()) return 0;
  changed[change_at % changed.size()] = change_to;
  if (!wire::verify(request_of(*sign), *mac, kLimits)) return 0;
  const auto again = wire::parameters_of(request_of({}), kLimits);
  if (!again) return 0;
  std::multiset<std::string> before;
  std::multiset<std::string> after;
  add_leaves(wire::Json(*read), "", before);
  add_leaves(wire::Json(*again), "", after);
  require(before == after);
  return 0;
}
