#include "app/operations/virtual_state.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "storage/files.h"
#include "storage/summed_file.h"

namespace gridloom::operations {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = 65'536;

}  // namespace

Result<wire::JsonObject> read_virtual_state(const fs::path& file) {
  GL_TRY(const auto text, storage::read_summed_file(file, kMaxBytes));
  auto state = wire::parse_json(text);
  if (state && state->is_object()) return std::move(state->get_object());
  return fail(ErrorCode::kMalformed, fmt::format("{} is damaged", file.string()));
}

fs::path virtual_state_path(const fs::path& data, std::string_view sn) {
  return data / kVirtualStates / fmt::format("{}.json", sn);
}

Status write_virtual_state(const fs::path& data, std::string_view sn,
                           const wire::JsonObject& unreported) {
  GL_TRY(storage::make_data_folder(data / kVirtualStates));
  return storage::write_summed_file(virtual_state_path(data, sn), wire::to_text(unreported));
}

}  // namespace gridloom::operations
