#include "storage/summed_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

#include "base/digest.h"
#include "base/read_file.h"
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

namespace {

constexpr std::size_t kMaxBytes = 64;

// Fixed length, so that each write overwrites the previous one completely.
std::string text_of(std::uint64_t number) { return fmt::format("{0:020}\n{0:020}\n", number); }

}  // namespace

std::optional<std::uint64_t> SeenNumber::read() const {
  std::error_code error;
  if (!std::filesystem::exists(file_, error)) return std::nullopt;
  const auto bytes = read_file(file_, kMaxBytes);
  if (!bytes || bytes->size() < 4 || bytes->size() % 2 != 0) return std::nullopt;
  const std::string_view line = std::string_view(*bytes).substr(0, bytes->size() / 2);
  if (line != std::string_view(*bytes).substr(line.size()) || line.back() != '\n') {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  const char* const end = line.data() + line.size() - 1;
  const auto [stop, wrong] = std::from_chars(line.data(), end, number);
  return wrong == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

void SeenNumber::create(std::uint64_t number) {
  static_cast<void>(write_private_file(file_, text_of(number)));
}

void SeenNumber::remember(std::uint64_t number) {
  if (write(number)) return;
  open_ = FileDescriptor();
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

bool SeenNumber::write(std::uint64_t number) {
  const bool is_first = !open_.is_open();
  if (is_first && !make_private(file_)) return false;
  if (is_first) open_ = FileDescriptor(::open(file_.c_str(), O_WRONLY | O_CLOEXEC));
  const std::string text = text_of(number);
  if (::pwrite(open_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return false;
  }
  return !is_first || ::ftruncate(open_.get(), static_cast<off_t>(text.size())) == 0;
}

}  // namespace gridloom::storage
