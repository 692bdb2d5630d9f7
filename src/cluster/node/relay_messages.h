// The messages of the relay of connections, as values and as bytes. A *door* is the node that
// a client is connected to; an *owner* is beside the slot's server that serves the connection. Each
// pair of them speaks both ways over one hub::NodeLink.
//
// A connection has a number at its door, which is used once in a session of the link. Bytes begin
// with the version of the format; versions that are not known are refused. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace gridloom::node {

using ConnectionNumber = std::uint64_t;

// The credit of a connection: no more bytes of it are on their way, or wait, without a RelayTaken.
inline constexpr std::size_t kInputCredit_bytes = std::size_t{64} * 1024;    // to the owner
inline constexpr std::size_t kOutputCredit_bytes = std::size_t{256} * 1024;  // to the door

// From a door: a client's connection, whose bytes follow.
struct RelayOpen {
  ConnectionNumber connection = 0;
  std::string peer{};   // the client's address, for the log
  bool secure = false;  // over TLS

  friend bool operator==(const RelayOpen&, const RelayOpen&) = default;
};
// Both ways: the next bytes of the client, or for it. They are where the message was read.
struct RelayBytes {
  ConnectionNumber connection = 0;
  std::string_view data{};

  friend bool operator==(const RelayBytes&, const RelayBytes&) = default;
};
// Both ways: so many more bytes were taken, by the protocol or by the client's socket.
struct RelayTaken {
  ConnectionNumber connection = 0;
  std::uint64_t bytes = 0;

  friend bool operator==(const RelayTaken&, const RelayTaken&) = default;
};
// From an owner: the client has signed in as this account.
struct RelayAccount {
  ConnectionNumber connection = 0;
  std::int64_t account = 0;

  friend bool operator==(const RelayAccount&, const RelayAccount&) = default;
};
// From an owner: nothing more comes, and the client's connection is to be closed. From a door: see
// Kind.
struct RelayEnd {
  enum class Kind : std::uint8_t {
    // Owner: close once all is sent. Door: the client has ended its sending side, perhaps behind
    // bytes that are still to come.
    kOrderly = 0,
    // Owner: close with a reset. Door: the connection is gone.
    kReset = 1,
    // Door only: its server stops, and the client has to get its goodbye.
    kServerStops = 2,
  };
  ConnectionNumber connection = 0;
  Kind kind = Kind::kOrderly;

  friend bool operator==(const RelayEnd&, const RelayEnd&) = default;
};

using RelayMessage = std::variant<RelayOpen, RelayBytes, RelayTaken, RelayAccount, RelayEnd>;

[[nodiscard]] std::string bytes_of(const RelayMessage& message);
// The same without the data of RelayBytes, which come last.
[[nodiscard]] std::string head_of(const RelayMessage& message);
[[nodiscard]] std::string_view data_of(const RelayMessage& message);
// Refers to `bytes`. kMalformed: these are not the bytes of a message, or of another version.
[[nodiscard]] Result<RelayMessage> relay_message_in(std::string_view bytes);

}  // namespace gridloom::node
