// The client's side of one HTTP/1.1 connection, without a socket: requests and received bytes go
// in, responses and bytes to send come out. A response's body has a Content-Length, comes in
// chunks, or ends with the connection.
//
// Not here: sockets (http_connection.h), the text of requests (http_request.h), HEAD, upgrades.
// Headers other than Retry-After and those that frame a body, chunk extensions and trailers are
// ignored.
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace gridloom::client {

// Views are valid until the next call of receive() or end(), and as long as the bytes given to it.
struct HttpResponse {
  unsigned status = 0;
  std::string_view body;
  std::size_t total_bytes = 0;     // as received, with the head
  bool keeps_alive = true;         // the server answers further requests on this connection
  std::string_view retry_after{};  // the header's value; empty: there is none
};

// How long the value of a Retry-After asks to wait, seconds or a date ("Sun, 06 Nov 1994 08:49:37
// GMT"); zero for a date in the past. Nothing: it is neither, or more than 100 days.
[[nodiscard]] std::optional<Millis> retry_after_of(std::string_view value, TimePoint now);

struct HttpLimits {
  std::size_t head_bytes = std::size_t{64} * 1024;
  std::size_t body_bytes = std::size_t{64} * 1024 * 1024;
  std::size_t line_bytes = 1024;  // of a chunk's size with its extensions, or a trailer
};

class HttpSession {
 public:
  explicit HttpSession(const HttpLimits& limits = {}) : limits_(limits) {}

  // `request` is the text of a whole request.
  void ask(std::string_view request);
  // Requests whose responses have not been returned.
  [[nodiscard]] std::size_t unanswered() const { return unanswered_; }

  // The next response, if it is complete. When several arrived at once, call it again without
  // bytes. kMalformed: not a response that can be read here, or not to any request; the session
  // cannot be used any more. A response that lies in `bytes` as a whole is not copied.
  [[nodiscard]] Result<std::optional<HttpResponse>> receive(std::string_view bytes);
  // The connection has ended, which may complete a response. kIo: it ended within a response.
  [[nodiscard]] Result<std::optional<HttpResponse>> end();

  // Bytes for the server, valid until the next call of another function.
  [[nodiscard]] std::string_view output() const { return out_; }
  // The first `bytes` bytes of output() are on their way.
  void sent(std::size_t bytes) { out_.erase(0, bytes); }

 private:
  enum class Framing : std::uint8_t { kLength, kChunks, kUntilEnd };
  enum class ChunkStage : std::uint8_t { kSize, kData, kDataEnd, kTrailer };
  struct Head {
    unsigned status = 0;
    std::size_t bytes = 0;
    Framing framing = Framing::kUntilEnd;
    std::size_t length = 0;  // kLength
    bool keeps_alive = true;
    std::string retry_after{};
  };

  [[nodiscard]] Result<std::optional<Head>> read_head(std::string_view bytes) const;
  [[nodiscard]] Status read_field(std::string_view line, Head& head) const;
  // These return whether the response is complete. `bytes` begin with its first byte.
  [[nodiscard]] Result<bool> read(std::string_view bytes);
  [[nodiscard]] Result<bool> read_chunks(std::string_view bytes);
  [[nodiscard]] Result<bool> read_chunk_line(std::string_view line);
  [[nodiscard]] HttpResponse finish(std::string_view bytes);

  HttpLimits limits_;
  std::string out_;
  std::string in_;            // an incomplete response, and what came after a complete one
  std::size_t returned_ = 0;  // bytes of in_ that are the last response
  std::size_t at_ = 0;        // bytes of the response that have been read
  std::size_t dropped_ = 0;   // and bytes of it before those, which in_ no longer has
  std::size_t body_at_ = 0;   // where the body begins
  std::optional<Head> head_;  // of the response, once it was read
  ChunkStage stage_ = ChunkStage::kSize;
  std::size_t due_ = 0;      // bytes of the chunk that are still to come
  std::string chunks_;       // the body, if it comes in chunks
  std::string retry_after_;  // of the last response
  std::size_t unanswered_ = 0;
  bool surplus_ = false;  // bytes came after the last response
};

}  // namespace gridloom::client
