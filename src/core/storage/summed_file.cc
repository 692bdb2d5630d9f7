#include "storage/summed_file.h"

#include <fmt/format.h>

#include <system_error>

#include "base/read_file.h"
#include "base/sha256.h"
#include "storage/files.h"

namespace gridloom::storage {

Result<std::string> read_summed_file(const std::filesystem::path& file, std::size_t limit) {
  std::error_code error;
  if (!std::filesystem::exists(file, error) && !error) {
    return fail(ErrorCode::kNotFound, fmt::format("{} does not exist", file.string()));
  }
  GL_TRY(auto bytes, read_file(file, limit));
  const std::size_t end = bytes.find('\n');
  if (end != std::string::npos) {
    std::string text = bytes.substr(end + 1);
    if (bytes.substr(0, end) == sha256_of(text)) return text;
  }
  return fail(ErrorCode::kMalformed, fmt::format("{} is damaged", file.string()));
}

Status write_summed_file(const std::filesystem::path& file, std::string_view text) {
  return write_private_file(file, fmt::format("{}\n{}", sha256_of(text), text));
}

}  // namespace gridloom::storage
