#include "storage/states.h"

#include <fmt/format.h>

#include "storage/files.h"
#include "storage/summed_file.h"

namespace gridloom::storage {

std::filesystem::path FolderStates::file_of(std::string_view bridge, std::string_view key) const {
  return folder_ / bridge / fmt::format("{}.json", key);
}

Result<std::string> FolderStates::load(std::string_view bridge, std::string_view key) {
  return read_summed_file(file_of(bridge, key), kMaxBytes);
}

Status FolderStates::save(std::string_view bridge, std::string_view key, std::string_view text) {
  const std::filesystem::path file = file_of(bridge, key);
  GL_TRY(make_data_folder(file.parent_path()));
  return write_summed_file(file, text);
}

}  // namespace gridloom::storage
