// Messages of DNS as multicast DNS has them (RFC 1035, RFC 6762): queries are read, answers are
// written. Bytes of the network come in, so nothing is trusted: counts, lengths and names are
// bounded, and a compressed name only ever points backwards. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gridloom::bridges::meter::dns {

inline constexpr std::size_t kMaxMessage = 9000;  // bytes
inline constexpr std::size_t kMaxEntries = 64;    // questions, and answers, of a message
inline constexpr std::size_t kMaxName = 255;      // bytes on the wire

// Values of the RFCs.
inline constexpr std::uint16_t kTypeA = 1;
inline constexpr std::uint16_t kTypePtr = 12;
inline constexpr std::uint16_t kTypeTxt = 16;
inline constexpr std::uint16_t kTypeSrv = 33;
inline constexpr std::uint16_t kTypeAny = 255;
inline constexpr std::uint16_t kClassInternet = 1;
inline constexpr std::uint16_t kClassAny = 255;

// The labels of a name: {"_everhome", "_tcp", "local"}. A label may have any bytes, dots too.
using Name = std::vector<std::string>;
// Whether both are the same; letters of ASCII are, in either case.
[[nodiscard]] bool same_name(const Name& a, const Name& b);

struct Question {
  Name name;
  std::uint16_t type = 0;
  std::uint16_t query_class = kClassInternet;  // without the bit that asks for a unicast answer
};

// An answer that the asker has already.
struct KnownAnswer {
  Name name;
  std::uint16_t type = 0;
  std::uint32_t ttl_s = 0;
  Name target{};  // of a PTR; empty for other types
};

struct Query {
  std::uint16_t id = 0;
  bool is_response = false;  // then the rest is not read
  std::vector<Question> questions{};
  std::vector<KnownAnswer> known{};
};
// kMalformed: the bytes are no message, or one beyond the limits above.
[[nodiscard]] Result<Query> parse_query(std::string_view message);

struct Record {
  Name name;
  std::uint16_t type = 0;
  std::uint32_t ttl_s = 0;
  bool is_unique = false;  // no one else has a record of this name and type: caches are flushed
  std::string data{};      // on the wire
};
// The bytes of a name without compression; labels beyond 63 bytes are cut.
[[nodiscard]] std::string encoded(const Name& name);

struct Response {
  std::uint16_t id = 0;               // 0, except to a plain DNS client
  std::vector<Question> questions{};  // repeated to a plain DNS client
  std::vector<Record> answers{};
  std::vector<Record> additional{};
};
[[nodiscard]] std::string encode(const Response& response);

}  // namespace gridloom::bridges::meter::dns
