#include "app/data_folder/backup_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

#include "storage/files.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kAtOnce = std::size_t{256} * 1024;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    good_ = context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
  }
  void add(const void* bytes, std::size_t size) {
    good_ = good_ && EVP_DigestUpdate(context_.get(), bytes, size) == 1;
  }
  // Empty: OpenSSL could not compute the hash, which only happens when memory runs out.
  std::string finish() {
    std::vector<unsigned char> digest(EVP_MAX_MD_SIZE);
    unsigned int size = 0;
    if (!good_ || EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1) return {};
    digest.resize(size);
    std::string text;
    for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, FreeDigest> context_;
  bool good_ = false;
};

}  // namespace

Status copy_file(const std::filesystem::path& from, const std::filesystem::path& to, mode_t mode) {
  std::error_code error;
  std::filesystem::copy_file(from, to, error);
  if (error == std::errc::no_such_file_or_directory) {
    return fail(ErrorCode::kNotFound, fmt::format("{} does not exist", from.string()));
  }
  if (error) return fail(ErrorCode::kIo, fmt::format("{}: {}", to.string(), error.message()));
  if (::chmod(to.c_str(), mode) != 0) return storage::system_error("cannot protect", to);
  return sync_to_disk(to);
}

Status sync_to_disk(const std::filesystem::path& path) {
  const storage::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() || ::fsync(file.get()) != 0) {
    return storage::system_error("cannot sync", path);
  }
  return {};
}

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
  const storage::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return storage::system_error("cannot open", path);
  Sha256 hash;
  std::vector<char> bytes(kAtOnce);
  while (true) {
    const ssize_t got = ::read(file.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return storage::system_error("cannot read", path);
    if (got == 0) break;
    hash.add(bytes.data(), static_cast<std::size_t>(got));
  }
  std::string text = hash.finish();
  if (text.empty()) return fail(ErrorCode::kInternal, "OpenSSL could not compute SHA-256");
  return text;
}

std::string sha256_of(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hash.finish();
}

}  // namespace gridloom::app
