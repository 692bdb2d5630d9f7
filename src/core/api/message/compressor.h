// Compresses a body piece by piece, in a coding that the client takes (RFC 9110, 8.4).
//
// A compressor has some hundred kilobytes of memory, whatever the body's length. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gridloom::api {

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

}  // namespace gridloom::api
