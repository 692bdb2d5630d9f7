// Secrets at rest: each is a libsodium secretbox (XSalsa20-Poly1305) with a random nonce, under one
// 32-byte master key in a file of mode 0600.
//
// Inside the box stands the secret's place as well ("device/SN/key"), so that a box copied to
// another row of the database does not open there. Lengths are not hidden. Sealing and opening: any
// thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/secret.h"

namespace gridloom::registry {

// What to do when there is no key file: make one only while nothing was sealed with a lost one.
enum class MissingKey : std::uint8_t { kMake, kRefuse };

class Sealer {
 public:
  struct Box {
    std::string_view place;  // without NUL bytes
    std::string_view sealed;
  };

  // The caller holds the data folder's lock. kNotFound: no key file, and none may be made. kIo:
  // other users may read it. kMalformed: it is not 32 bytes long.
  [[nodiscard]] static Result<Sealer> with_key_file(const std::filesystem::path& path,
                                                    MissingKey missing);

  [[nodiscard]] std::string seal(std::string_view place, const Secret& secret) const;
  // kMalformed: sealed with another key, for another place, or damaged.
  [[nodiscard]] Result<Secret> open(const Box& box) const;

 private:
  struct Free {
    void operator()(unsigned char* key) const;
  };
  using Key = std::unique_ptr<unsigned char, Free>;  // locked memory, wiped when freed

  explicit Sealer(Key key) : key_(std::move(key)) {}

  Key key_;
};

}  // namespace gridloom::registry
