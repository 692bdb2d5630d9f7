// Fuzzes the decoder: it must refuse or decode any bytes without reading beyond them, and a decoded
// packet must survive being encoded again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/mqtt/packet.h"
#include "wire/mqtt/topic.h"

namespace {

using namespace gridloom::wire::mqtt;

void expect(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view bytes, Version version) {
  const auto packet = decode(bytes, version);
  if (!packet) return expect(!packet.error().detail.empty() && is_refusal(packet.error().reason));
  std::string again;
  encode(again, *packet, version);
  // A CONNECT contains its own version, and its length may have been encoded with extra bytes.
  const auto second = decode(again, version);
  expect(second.has_value() && *second == *packet);
  std::string third;
  encode(third, *second, version);
  expect(third == again);
  if (const auto* publish = std::get_if<Publish>(&*packet)) {
    expect(encoded_size(*publish, version) == again.size());
    expect(publish->topic.empty() || valid_topic(publish->topic));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes, Version::k311);
  check(bytes, Version::k5);
  (void)connect_level(bytes);
  const std::size_t half = size / 2;
  if (valid_filter(bytes.substr(0, half)) && !shared_parts(bytes.substr(0, half))) {
    (void)filter_matches(bytes.substr(0, half), bytes.substr(half));
  }
  return 0;
}
