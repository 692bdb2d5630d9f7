// The extension permessage-deflate of WebSockets (RFC 7692), server side: messages are compressed,
// those of the server with all that it sent before in view, so that a message that is nearly the
// last one again takes a few bytes.
//
// A connection has some 64 KB for it from its first long message on, and as much while a compressed
// message of the client arrives.
// One thread.
#pragma once

#include <zlib.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gridloom::http {

class MessageDeflate {
 public:
  // `offers`: the value of Sec-WebSocket-Extensions. Null: the client does not offer it, or only in
  // ways that are not served.
  [[nodiscard]] static std::unique_ptr<MessageDeflate> negotiate(std::string_view offers);
  MessageDeflate(const MessageDeflate&) = delete;
  MessageDeflate& operator=(const MessageDeflate&) = delete;
  ~MessageDeflate();

  // For Sec-WebSocket-Extensions of the response.
  [[nodiscard]] const std::string& accepted() const { return accepted_; }

  // A whole message, as the payload of its frame. Nothing: it is to be sent as it is.
  [[nodiscard]] std::optional<std::string> compress(std::string_view message);

  // Unpacks more of the client's message into `buffer`, from the front of `in`, which it consumes;
  // to be called until both are empty. Nothing: the bytes are wrong.
  [[nodiscard]] std::optional<std::string_view> unpack(std::string_view& in,
                                                       std::span<char> buffer);
  // The bytes behind each message.
  static constexpr std::string_view kTail{"\x00\x00\xff\xff", 4};
  // Before the next message of the client.
  void end_message();

 private:
  MessageDeflate() = default;
  [[nodiscard]] bool begin();

  std::string accepted_;
  int window_bits_ = 0;
  bool forgets_ = false;  // the client does not keep earlier messages in view
  bool has_deflate_ = false;
  bool has_inflate_ = false;
  z_stream deflate_{};
  z_stream inflate_{};
};

}  // namespace gridloom::http
