#include "app/ready_file.h"

#include <system_error>

#include "storage/files.h"

namespace gridloom::app {

Result<ReadyFile> ReadyFile::write(const std::filesystem::path& data_folder,
                                   const wire::JsonObject& facts) {
  const std::filesystem::path path = data_folder / "ready.json";
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

}  // namespace gridloom::app
