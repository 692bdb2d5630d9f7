#include "app/ready_file.h"

#include <cstddef>
#include <system_error>

#include "base/read_file.h"
#include "storage/files.h"

namespace gridloom::app {
namespace {

constexpr const char* kName = "ready.json";
constexpr std::size_t kMaxReady = 65'536;  // bytes

}  // namespace

Result<ReadyFile> ReadyFile::write(const std::filesystem::path& data_folder,
                                   const wire::JsonObject& facts) {
  const std::filesystem::path path = data_folder / kName;
  // Readers see all of the file or nothing.
  if (Status written = storage::replace_private_file(path, wire::to_text(facts) + '\n'); !written) {
    return std::unexpected(written.error());
  }
  return ReadyFile(path);
}

ReadyFile::~ReadyFile() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove(path_, ignored);
}

std::filesystem::path devices_of_server(const std::filesystem::path& data_folder) {
  const auto text = read_file(data_folder / kName, kMaxReady);
  const auto facts = wire::parse_json(text.value_or(""));
  return facts ? std::filesystem::path(wire::text_in(*facts, "devices")) : std::filesystem::path();
}

}  // namespace gridloom::app
