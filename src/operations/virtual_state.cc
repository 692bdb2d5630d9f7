#include "operations/virtual_state.h"

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <system_error>

#include "base/read_file.h"
#include "base/sha256.h"
#include "operations/backup_files.h"
#include "storage/files.h"

namespace gridloom::operations {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = 65'536;

}  // namespace

Result<wire::JsonObject> read_virtual_state(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error) && !error) {
    return fail(ErrorCode::kNotFound, fmt::format("{} does not exist", file.string()));
  }
  const auto bytes = read_file(file, kMaxBytes);
  if (!bytes) return std::unexpected(bytes.error());
  const std::size_t end = bytes->find('\n');
  if (end != std::string::npos) {
    const std::string_view text = std::string_view(*bytes).substr(end + 1);
    auto state = wire::parse_json(text);
    const bool is_whole = bytes->substr(0, end) == sha256_of(text);
    if (is_whole && state && state->is_object()) return std::move(state->get_object());
  }
  return fail(ErrorCode::kMalformed, fmt::format("{} is damaged", file.string()));
}

fs::path virtual_state_path(const fs::path& data, std::string_view sn) {
  return data / kVirtualStates / fmt::format("{}.json", sn);
}

Status write_virtual_state(const fs::path& data, std::string_view sn,
                           const wire::JsonObject& unreported) {
  if (Status made = storage::make_data_folder(data / kVirtualStates); !made) return made;
  const std::string text = wire::to_text(unreported);
  return storage::write_private_file(virtual_state_path(data, sn),
                                     fmt::format("{}\n{}", sha256_of(text), text));
}

}  // namespace gridloom::operations
