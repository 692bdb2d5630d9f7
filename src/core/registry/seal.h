// Encrypts secrets at rest: each secret is a libsodium secretbox (XSalsa20-Poly1305) with a random
// nonce, under one 32-byte master key in a file of mode 0600.
//
// The box also contains the secret's place ("device/SN/key"), so that a box copied to another row
// of the database cannot be opened there. Lengths are not hidden. Sealing and opening: any thread.
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

// The action if there is no key file. kMake is only for a database without sealed secrets: a lost
// key cannot be replaced.
enum class MissingKey : std::uint8_t { kMake, kRefuse };

class Sealer {
 public:
  struct Box {
    std::string_view place;  // without NUL bytes
    std::string_view sealed;
  };

  // The caller holds the data folder's lock. kNotFound: there is no key file, and `missing` is
  // kRefuse. kIo: other users may read the file. kMalformed: the file is not 32 bytes long.
  [[nodiscard]] static Result<Sealer> with_key_file(const std::filesystem::path& path,
                                                    MissingKey missing);

  [[nodiscard]] std::string seal(std::string_view place, const Secret& secret) const;
  // kMalformed: the box was sealed with another key or for another place, or is damaged.
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
