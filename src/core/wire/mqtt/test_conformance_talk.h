// For the conformance tests: packets written byte by byte, because the codec does not write packets
// that a client must not send, and checks of a session's reaction to them.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/mqtt/bytes.h"
#include "wire/mqtt/session.h"
#include "wire/mqtt/test_talk.h"

namespace gridloom::wire::mqtt {

inline constexpr std::array kBothVersions = {Version::k311, Version::k5};

inline std::string raw_packet(std::uint32_t first_byte, std::string_view body) {
  std::string bytes;
  Writer out(bytes);
  out.u8(first_byte);
  out.variable(body.size());
  out.raw(body);
  return bytes;
}

inline std::string raw_text(std::string_view text) {
  std::string bytes;
  Writer(bytes).binary(text);
  return bytes;
}

inline std::string raw_u16(std::uint32_t number) {
  std::string bytes;
  Writer(bytes).u16(number);
  return bytes;
}

// A list of properties with its length; empty in 3.1.1.
inline std::string raw_properties(Version version, std::string_view list = {}) {
  if (version == Version::k311) return {};
  std::string bytes;
  Writer out(bytes);
  out.variable(list.size());
  out.raw(list);
  return bytes;
}

inline std::string raw_connect(Version version, std::uint32_t flags, std::string_view payload,
                               std::string_view properties = {}) {
  return raw_packet(0x10, raw_text("MQTT") + static_cast<char>(version) + static_cast<char>(flags) +
                              raw_u16(60) + raw_properties(version, properties) +
                              std::string(payload));
}

// A packet that a client must not send.
struct Breach {
  std::string name;
  std::string bytes;
  Reason reason = Reason::kMalformedPacket;  // sent to a version 5 client
};

inline const std::string& raw_ping() {
  static const std::string kPing("\xc0\x00", 2);
  return kPing;
}

// The session ends at once: neither the packet nor the bytes after it are handled, and a version 5
// client is told the reason.
inline void expect_ended(TestClient& talk, const Breach& breach, const Lines& said) {
  SCOPED_TRACE(breach.name);
  talk.bytes(breach.bytes + raw_ping());
  EXPECT_TRUE(talk.session.finished());
  EXPECT_EQ(talk.said(), said);
  const Lines events = talk.events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].starts_with("ended (")) << events[0];
}

// For breaches of a connected client.
inline void expect_refused(Version version, const std::vector<Breach>& breaches) {
  for (const Breach& breach : breaches) {
    TestClient talk(version);
    talk.join();
    expect_ended(talk, breach,
                 version == Version::k5
                     ? Lines{fmt::format("DISCONNECT {}", name_of(breach.reason))}
                     : Lines{});
  }
}

// For breaches of a client that is not connected: a 3.1.1 client gets no answer to a CONNECT that
// does not follow the format.
inline void expect_connects_refused(Version version, const std::vector<Breach>& breaches) {
  for (const Breach& breach : breaches) {
    SCOPED_TRACE(breach.name);
    TestClient talk(version);
    talk.bytes(breach.bytes + raw_ping());
    EXPECT_TRUE(talk.session.finished());
    const Lines said = talk.said();
    if (version == Version::k311) {
      EXPECT_EQ(said, Lines{});
    } else {
      ASSERT_EQ(said.size(), 1U);
      EXPECT_TRUE(said[0].starts_with(fmt::format("CONNACK {}", name_of(breach.reason))))
          << said[0];
    }
    const Lines events = talk.events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_TRUE(events[0].starts_with("ended (")) << events[0];
  }
}

}  // namespace gridloom::wire::mqtt
