// The format of a sealed secret: nonce (24 bytes), then the box of place, NUL and secret (16 bytes
// longer than these). The schema's version defines the format; changing it needs a migration.
#include "registry/seal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <new>

#include "base/read_file.h"
#include "storage/files.h"

namespace gridloom::registry {
namespace {

using storage::FileDescriptor;
using storage::read_start;
using storage::system_error;
using storage::write_private_file;

constexpr std::size_t kKeyBytes = crypto_secretbox_KEYBYTES;
constexpr std::size_t kNonceBytes = crypto_secretbox_NONCEBYTES;
constexpr std::size_t kTagBytes = crypto_secretbox_MACBYTES;

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The file's bytes; empty if the file does not exist.
Result<std::string> read_key(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() && errno == ENOENT) return std::string();
  if (!file.is_open()) return system_error("cannot open", path);
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) return system_error("cannot inspect", path);
  GL_TRY(only_for_its_owner(path, facts.st_mode));
  Result<std::string> bytes = read_start(file, path, kKeyBytes + 1);
  if (bytes && bytes->size() != kKeyBytes) {
    return fail(
        ErrorCode::kMalformed,
        fmt::format("{} is not a key file: it has {} bytes instead of {}; restore the original "
                    "from a backup",
                    path.string(), facts.st_size, kKeyBytes));
  }
  return bytes;
}

}  // namespace

void Sealer::Free::operator()(unsigned char* key) const { sodium_free(key); }

Result<Sealer> Sealer::with_key_file(const std::filesystem::path& path, MissingKey missing) {
  if (sodium_init() < 0) {
    return fail(ErrorCode::kIo, "libsodium found no source of random numbers");
  }
  GL_TRY(std::string bytes, read_key(path));
  if (bytes.empty()) {
    if (missing == MissingKey::kRefuse) {
      return fail(
          ErrorCode::kNotFound,
          fmt::format("{} is missing, and no other key opens the stored secrets; restore the "
                      "original from a backup",
                      path.string()));
    }
    bytes.resize(kKeyBytes);
    randombytes_buf(bytes.data(), bytes.size());
    GL_TRY(write_private_file(path, bytes));
  }
  Key key(static_cast<unsigned char*>(sodium_malloc(kKeyBytes)));
  if (!key) return fail(ErrorCode::kIo, "out of memory for the master key");
  std::ranges::copy_n(bytes_of(bytes), kKeyBytes, key.get());
  sodium_memzero(bytes.data(), bytes.size());
  return Sealer(std::move(key));
}

std::string Sealer::seal(std::string_view place, const Secret& secret) const {
  std::string plain;
  plain.reserve(place.size() + 1 + secret.reveal().size());
  plain.append(place).append(1, '\0').append(secret.reveal());
  std::string sealed(kNonceBytes + kTagBytes + plain.size(), '\0');
  unsigned char* nonce = bytes_of(sealed);
  randombytes_buf(nonce, kNonceBytes);
  crypto_secretbox_easy(nonce + kNonceBytes, bytes_of(plain), plain.size(), nonce, key_.get());
  sodium_memzero(plain.data(), plain.size());
  return sealed;
}

Result<Secret> Sealer::open(const Box& box) const {
  const auto refuse = [&box] {
    return fail(ErrorCode::kMalformed,
                fmt::format("the sealed secret {} cannot be opened: it is damaged, or was sealed "
                            "with another key or for another row",
                            box.place));
  };
  if (box.sealed.size() < kNonceBytes + kTagBytes + box.place.size() + 1) return refuse();
  std::string plain(box.sealed.size() - kNonceBytes - kTagBytes, '\0');
  const unsigned char* nonce = bytes_of(box.sealed);
  if (crypto_secretbox_open_easy(bytes_of(plain), nonce + kNonceBytes,
                                 box.sealed.size() - kNonceBytes, nonce, key_.get()) != 0) {
    return refuse();
  }
  const std::string_view opened = plain;
  const std::size_t start = box.place.size() + 1;
  if (!opened.starts_with(box.place) || opened[start - 1] != '\0') return refuse();
  Secret secret{std::string(opened.substr(start))};
  sodium_memzero(plain.data(), plain.size());
  return secret;
}

}  // namespace gridloom::registry
