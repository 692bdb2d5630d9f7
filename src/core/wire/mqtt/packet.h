// The codec for all packets of MQTT 3.1.1 and 5.0, in both directions.
//
// The server, the tests' client and the simulator use the same structs. The structs hold views: a
// decoded packet is valid as long as the bytes it came from; encode() needs the texts only during
// the call. A PUBLISH without properties is decoded and encoded without an allocation.
// Invariant: decode(encode(p)) == p for every p that decode() can return. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/mqtt/properties.h"
#include "wire/mqtt/protocol.h"

namespace gridloom::wire::mqtt {

struct LastWill {
  std::string_view topic = {};
  std::string_view payload = {};
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  Properties properties = {};

  friend bool operator==(const LastWill&, const LastWill&) = default;
};

struct Connect {
  Version version = Version::k311;
  bool clean_start = true;
  std::uint16_t keepalive_s = 0;  // 0: none
  std::string_view client_id = {};
  std::optional<LastWill> will = {};
  std::optional<std::string_view> username = {};
  std::optional<std::string_view> password = {};
  Properties properties = {};

  friend bool operator==(const Connect&, const Connect&) = default;
};

struct Connack {
  bool session_present = false;
  Reason reason = Reason::kSuccess;
  Properties properties = {};

  friend bool operator==(const Connack&, const Connack&) = default;
};

struct Publish {
  bool dup = false;
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  std::string_view topic = {};  // empty only with a topic alias
  std::uint16_t packet_id = 0;  // 0 exactly when QoS 0
  Properties properties = {};
  std::string_view payload = {};

  friend bool operator==(const Publish&, const Publish&) = default;
};

template <PacketType kType>
struct PublishAnswer {
  std::uint16_t packet_id = 0;
  Reason reason = Reason::kSuccess;  // 3.1.1 has no other
  Properties properties = {};

  friend bool operator==(const PublishAnswer&, const PublishAnswer&) = default;
};
using Puback = PublishAnswer<PacketType::kPuback>;
using Pubrec = PublishAnswer<PacketType::kPubrec>;
using Pubrel = PublishAnswer<PacketType::kPubrel>;
using Pubcomp = PublishAnswer<PacketType::kPubcomp>;

enum class RetainHandling : std::uint8_t { kSend = 0, kSendIfNew = 1, kDoNotSend = 2 };

struct FilterEntry {
  std::string_view filter = {};
  Qos qos = Qos::kAtMostOnce;
  bool no_local = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::kSend;

  friend bool operator==(const FilterEntry&, const FilterEntry&) = default;
};

struct Subscribe {
  std::uint16_t packet_id = 0;
  Properties properties = {};
  std::vector<FilterEntry> entries = {};

  friend bool operator==(const Subscribe&, const Subscribe&) = default;
};

struct Suback {
  std::uint16_t packet_id = 0;
  Properties properties = {};
  std::vector<Reason> reasons = {};

  friend bool operator==(const Suback&, const Suback&) = default;
};

struct Unsubscribe {
  std::uint16_t packet_id = 0;
  Properties properties = {};
  std::vector<std::string_view> filters = {};

  friend bool operator==(const Unsubscribe&, const Unsubscribe&) = default;
};

struct Unsuback {
  std::uint16_t packet_id = 0;
  Properties properties = {};
  std::vector<Reason> reasons = {};  // version 5 only

  friend bool operator==(const Unsuback&, const Unsuback&) = default;
};

struct Pingreq {
  friend bool operator==(const Pingreq&, const Pingreq&) = default;
};
struct Pingresp {
  friend bool operator==(const Pingresp&, const Pingresp&) = default;
};

struct Disconnect {
  Reason reason = Reason::kSuccess;
  Properties properties = {};

  friend bool operator==(const Disconnect&, const Disconnect&) = default;
};

struct Auth {
  Reason reason = Reason::kSuccess;
  Properties properties = {};

  friend bool operator==(const Auth&, const Auth&) = default;
};

using Packet = std::variant<Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe,
                            Suback, Unsubscribe, Unsuback, Pingreq, Pingresp, Disconnect, Auth>;

struct Header {
  PacketType type = PacketType::kConnect;
  std::uint8_t flags = 0;
  std::size_t header_bytes = 0;
  std::size_t body_bytes = 0;

  [[nodiscard]] std::size_t total_bytes() const { return header_bytes + body_bytes; }
};

// Reads the fixed header at the front of `bytes`, which may hold more or less than one packet.
// nullopt: more bytes are needed. An invalid first byte is refused at once.
[[nodiscard]] Decoded<std::optional<Header>> peek_header(std::string_view bytes);

// `body` is the packet without its fixed header. CONNECT contains its own version; all other
// packets are decoded as `version`. kQuotaExceeded: the packet has more than `most_properties`
// properties.
[[nodiscard]] Decoded<Packet> decode(const Header& header, std::string_view body, Version version,
                                     std::size_t most_properties = kMaxProperties);
// Decodes exactly one whole packet.
[[nodiscard]] Decoded<Packet> decode(std::string_view packet, Version version);

// The protocol level in the body of a CONNECT, even if the rest of the body is not acceptable: the
// refusal has to be encoded in that version. nullopt if the body does not begin like a CONNECT.
[[nodiscard]] std::optional<std::uint8_t> connect_level(std::string_view body);

// Whether the format can carry the packet: texts of at most 65,535 bytes, 256 MB in all. To be
// asked of a packet whose texts are not limited otherwise, as those of another server.
[[nodiscard]] bool is_encodable(const Connect& packet);
[[nodiscard]] bool is_encodable(const Publish& packet, Version version);
[[nodiscard]] bool is_encodable(const Subscribe& packet);

// Appends the packet to `out`. Properties are left out in 3.1.1. A packet that is not encodable is
// a programming error and aborts.
void encode(std::string& out, const Connect& packet);
void encode(std::string& out, const Connack& packet, Version version);
void encode(std::string& out, const Publish& packet, Version version);
void encode(std::string& out, const Puback& packet, Version version);
void encode(std::string& out, const Pubrec& packet, Version version);
void encode(std::string& out, const Pubrel& packet, Version version);
void encode(std::string& out, const Pubcomp& packet, Version version);
void encode(std::string& out, const Subscribe& packet, Version version);
void encode(std::string& out, const Suback& packet, Version version);
void encode(std::string& out, const Unsubscribe& packet, Version version);
void encode(std::string& out, const Unsuback& packet, Version version);
void encode(std::string& out, const Pingreq& packet, Version version);
void encode(std::string& out, const Pingresp& packet, Version version);
void encode(std::string& out, const Disconnect& packet, Version version);
void encode(std::string& out, const Auth& packet, Version version);
void encode(std::string& out, const Packet& packet, Version version);

// The number of bytes that encode() would append.
[[nodiscard]] std::size_t encoded_size(const Publish& packet, Version version);

}  // namespace gridloom::wire::mqtt
