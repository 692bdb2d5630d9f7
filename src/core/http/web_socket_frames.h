// Frames of a WebSocket (RFC 6455, section 5) as a server reads and writes them: bytes in, bytes
// out. The meaning of messages is in web_socket.h, and their compression in message_deflate.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gridloom::http {

enum class FrameType : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xa
};

// Control frames may stand between the frames of a message.
[[nodiscard]] constexpr bool is_control(FrameType type) { return type >= FrameType::kClose; }

enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kInvalidText = 1007,
  kMessageTooBig = 1009
};

// Reads the frames of a client. Keeps no payload, which may arrive in any pieces.
class FrameReader {
 public:
  enum class Step : std::uint8_t {
    kNeedsInput,  // all of the input is consumed
    kHeader,      // type() and size() are those of a new frame
    kPayload,     // payload() is the next piece of it
    kEnd,         // the frame is complete; is_last(): its message is as well
    kError        // error() says why this and all further input is unusable
  };

  // Messages may be compressed from now on.
  void allow_compression() { may_be_compressed_ = true; }

  // Consumes the front of `in`. Payload is unmasked into `buffer`, which is not empty.
  Step next(std::string_view& in, std::span<char> buffer);

  [[nodiscard]] FrameType type() const { return type_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }  // of the payload
  [[nodiscard]] bool is_last() const { return is_last_; }
  // Whether the message that a data frame belongs to is.
  [[nodiscard]] bool is_compressed() const { return is_compressed_; }
  [[nodiscard]] std::string_view payload() const { return payload_; }
  [[nodiscard]] std::string_view error() const { return error_; }

 private:
  enum class Expects : std::uint8_t { kStart, kLengthAndMask, kPayload };

  Step fail(std::string_view why);
  bool fill_header(std::string_view& in, std::size_t size);
  Step read_start();
  Step read_length_and_mask();
  Step read_payload(std::string_view& in, std::span<char> buffer);

  static constexpr std::size_t kMaxHeader = 14;  // two bytes, eight of a length, four of a mask
  static constexpr std::size_t kMaskBytes = 4;

  std::array<unsigned char, kMaxHeader> header_{};
  std::size_t header_bytes_ = 0;
  Expects expects_ = Expects::kStart;
  FrameType type_ = FrameType::kBinary;
  bool is_last_ = true;
  bool in_message_ = false;  // its last frame has not begun yet
  bool may_be_compressed_ = false;
  bool is_compressed_ = false;
  std::array<char, kMaskBytes> mask_{};
  std::uint64_t size_ = 0;
  std::uint64_t read_ = 0;  // bytes of the payload
  std::string_view payload_;
  std::string_view error_;
};

enum class Packing : std::uint8_t { kPlain, kCompressed };
// Appends a frame that is a whole message.
void append_frame(std::string& out, FrameType type, std::string_view payload,
                  Packing packing = Packing::kPlain);

// Appends a Close; `why` has at most kMaxCloseReason bytes.
inline constexpr std::size_t kMaxControlPayload = 125;
inline constexpr std::size_t kMaxCloseReason = kMaxControlPayload - 2;
void append_close(std::string& out, CloseCode code, std::string_view why);

// The error in the payload of a client's Close; code: kNormal if there is none.
struct CloseCheck {
  CloseCode code = CloseCode::kNormal;
  std::string_view why;
};
[[nodiscard]] CloseCheck check_close(std::string_view payload);

// Whether the text of a message, which arrives in any pieces, is UTF-8.
class TextCheck {
 public:
  // False if it is not UTF-8. Bytes at the end of `piece` that may begin a character are judged
  // with the next piece.
  [[nodiscard]] bool take(std::string_view piece);
  // The message ends: false if its last character is incomplete. The next one may begin.
  [[nodiscard]] bool end();

 private:
  std::string begun_;  // a character that is not complete
};

}  // namespace gridloom::http
