#include "app/operations/backup_description.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "storage/files.h"
#include "time/iso_text.h"
#include "wire/json.h"

namespace gridloom::operations {

namespace {

namespace fs = std::filesystem;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::string_view kKind = "backup of a Gridloom data folder";
constexpr std::int64_t kVersion = 2;
constexpr std::size_t kMaxDescription = std::size_t{16} * 1024 * 1024;
constexpr std::string_view kHash = "sha256";
constexpr std::string_view kSealBegins = R"(,"sha256":")";
constexpr std::string_view kSealEnds = "\"}\n";
constexpr std::size_t kHexDigits = 64;

// False: the hash inside the text does not match the text. A text of version 1 has no such hash.
bool is_sealed(std::string_view text) {
  constexpr std::size_t kSeal = kSealBegins.size() + kHexDigits + kSealEnds.size();
  if (text.size() < kSeal) return false;
  const std::string_view sealed = text.substr(0, text.size() - kSeal);
  return text.substr(sealed.size()) ==
         fmt::format("{}{}{}", kSealBegins, sha256_of(sealed), kSealEnds);
}

std::optional<BackupFile> file_of(const Json& each, bool hashed) {
  const Json* name = wire::member(each, "name");
  const Json* bytes = wire::member(each, "bytes");
  const Json* sha256 = wire::member(each, kHash);
  if (name == nullptr || !name->is_string() || bytes == nullptr || !wire::is_whole(*bytes)) {
    return std::nullopt;
  }
  if (hashed != (sha256 != nullptr && sha256->is_string())) return std::nullopt;
  BackupFile file{.name = std::string(name->get_string()),
                  .bytes = static_cast<std::uintmax_t>(wire::whole(*bytes))};
  if (hashed) file.sha256 = sha256->get_string();
  const bool inside =
      file.name.is_relative() && std::ranges::find(file.name, "..") == file.name.end();
  if (!inside || !file.name.has_filename()) return std::nullopt;
  return file;
}

}  // namespace

std::string write_description(const BackupDescription& description, const time::TimeZone& zone) {
  JsonArray list;
  for (const BackupFile& file : description.files) {
    list.push_back(
        JsonObject{{"name", file.name.string()}, {"bytes", file.bytes}, {kHash, file.sha256}});
  }
  std::string text = wire::to_text(JsonObject{{"what", kKind},
                                              {"version", kVersion},
                                              {"at", unix_ms(description.at)},
                                              {"time", time::clock_text(description.at, zone)},
                                              {"of", description.of},
                                              {"files", std::move(list)}});
  text.pop_back();
  return fmt::format("{0}{1}{2}{3}", text, kSealBegins, sha256_of(text), kSealEnds);
}

Result<BackupDescription> parse_description(std::string_view text) {
  const bool hashed = text.contains(kHash);
  if (hashed && !is_sealed(text)) return fail(ErrorCode::kMalformed, "is damaged");
  const auto none = [] {
    return fail(ErrorCode::kMalformed, "is not the description of a backup");
  };
  const auto parsed = wire::parse_json(text, {.bytes = kMaxDescription, .keys = 1'000'000});
  if (!parsed) return none();
  const Json* what = wire::member(*parsed, "what");
  const Json* list = wire::member(*parsed, "files");
  if (what == nullptr || *what != Json(kKind) || list == nullptr || !list->is_array()) {
    return none();
  }
  const Json* version = wire::member(*parsed, "version");
  if (version != nullptr && (!wire::is_whole(*version) || wire::whole(*version) > kVersion)) {
    return fail(ErrorCode::kMalformed, "is of a later version of Gridloom");
  }
  BackupDescription description;
  if (const auto at = wire::whole_in(*parsed, "at")) description.at = TimePoint(Millis(*at));
  description.of = wire::text_in(*parsed, "of");
  for (const Json& each : list->get_array()) {
    auto file = file_of(each, hashed);
    if (!file) return none();
    description.files.push_back(std::move(*file));
  }
  return description;
}

Result<BackupDescription> read_description(const fs::path& folder) {
  const fs::path path = folder / kBackupDescription;
  const auto not_whole = [&](std::string_view why) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is not a complete backup: {}", folder.string(), why));
  };
  const storage::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return not_whole(fmt::format("it has no {}", kBackupDescription));
  GL_TRY(const auto text, storage::read_start(file, path, kMaxDescription));
  auto description = parse_description(text);
  if (!description) {
    return not_whole(fmt::format("{} {}", kBackupDescription, description.error().detail));
  }
  return description;
}

Status verify(const BackupFile& expected, const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  const std::string name = expected.name.string();
  if (error == std::errc::no_such_file_or_directory) {
    return fail(ErrorCode::kMalformed, fmt::format("{} is missing", name));
  }
  if (error) return fail(ErrorCode::kIo, fmt::format("{}: {}", file.string(), error.message()));
  if (size != expected.bytes) {
    return fail(ErrorCode::kMalformed, fmt::format("{} is damaged: it has {} bytes instead of {}",
                                                   name, size, expected.bytes));
  }
  if (expected.sha256.empty()) return {};
  GL_TRY(const auto sha256, sha256_of_file(file));
  if (sha256 == expected.sha256) return {};
  return fail(
      ErrorCode::kMalformed,
      fmt::format("{} is damaged: its SHA-256 differs from that in {}", name, kBackupDescription));
}

namespace {

constexpr std::size_t kAtOnce = std::size_t{256} * 1024;

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
    hash.add({bytes.data(), static_cast<std::size_t>(got)});
  }
  return hash.finish();
}

}  // namespace gridloom::operations
