// Compresses the bodies of answers for clients that take it.
//
// A short body is compressed at once. A longer one, and one that is streamed, is compressed while
// it is sent, a piece in each task of the loop, so that other connections get their turn between
// two pieces and a client that reads slowly costs the memory of one compressor. The work is charged
// to the account: it has kMaxStreams of these at a time on a loop, and its further answers are sent
// as they are.
//
// Bodies with a secret must not come here: their length would tell something of it to one who has
// a text of his own in the same body (SECURITY.md). Belongs to a loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/loop.h"
#include "base/per_key_limit.h"
#include "http/message.h"

namespace gridloom::api {

// Compresses a body piece by piece, in a coding that the client takes (RFC 9110, 8.4).
//
// A compressor has some hundred kilobytes of memory, whatever the body's length. One thread.
enum class Coding : std::uint8_t { kNone, kGzip, kZstd };

// The coding for a client that sends this Accept-Encoding: zstd only where it is named, because
// not everything that takes "*" knows it.
[[nodiscard]] Coding coding_for(std::string_view accept_encoding);
// As in Content-Encoding: "gzip", "zstd"; empty for kNone.
[[nodiscard]] std::string_view name_of(Coding coding);

class Compressor {
 public:
  Compressor() = default;
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  virtual ~Compressor() = default;

  enum class Then : std::uint8_t { kMore, kEnd };
  // Appends to `out` what is ready; at the end all of it. False: the library failed, and the body
  // cannot be completed.
  [[nodiscard]] virtual bool add(std::string_view bytes, Then then, std::string& out) = 0;
};

// kBest is for what is compressed once and sent often; zstd has one effort.
enum class Effort : std::uint8_t { kFast, kBest };

// Null: kNone, or there is no memory for one.
[[nodiscard]] std::unique_ptr<Compressor> make_compressor(Coding coding,
                                                          Effort effort = Effort::kFast);

class Compression {
 public:
  // A shorter body is sent as it is: it fits a packet or two anyway.
  static constexpr std::size_t kLeastBytes = 1024;
  static constexpr std::size_t kPieceBytes = std::size_t{32} * 1024;
  static constexpr std::size_t kMaxStreams = 8;

  // `loop` is the one on which answers are delivered.
  explicit Compression(Loop* loop) : loop_(loop) {}

  // Only an answer with status 200 is changed; each gets Vary.
  void apply(http::Response& response, std::string_view accept_encoding, AccountId account);

 private:
  void compress(http::Response& response, std::string_view accept_encoding, AccountId account);

  Loop* loop_;
  PerKeyLimit streams_;
};

}  // namespace gridloom::api
