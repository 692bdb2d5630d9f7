#include "app/lab.h"

#include <fmt/format.h>

#include <string_view>
#include <system_error>

#include "storage/files.h"

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStart = "start";
// The lock's file is never removed (storage/data_lock.h).
constexpr std::string_view kLock = "lock";

fs::path folder_in(const fs::path& data) { return data / kStart; }

bool stays(const fs::path& entry) {
  return entry.filename() == kStart || entry.filename() == kLock;
}

Status failed(std::string_view what, const fs::path& path, const std::error_code& error) {
  return fail(ErrorCode::kIo,
              fmt::format("cannot {} {}: {}", what, path.string(), error.message()));
}

// Copies what stands in a folder, but for the lock and a kept start.
Status copy_entries(const fs::path& from, const fs::path& to) {
  std::error_code error;
  for (fs::directory_iterator entry(from, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (stays(entry->path()) || entry->is_socket(error)) continue;
    std::error_code copied;
    fs::copy(entry->path(), to / entry->path().filename(), fs::copy_options::recursive, copied);
    if (copied) return failed("copy", entry->path(), copied);
  }
  return error ? failed("list", from, error) : Status();
}

}  // namespace

Status keep_start(const fs::path& data) {
  std::error_code error;
  fs::remove_all(folder_in(data), error);
  if (error) return failed("remove", folder_in(data), error);
  GL_TRY(storage::make_data_folder(folder_in(data)));
  return copy_entries(data, folder_in(data));
}

Status restore_start(const fs::path& data) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(data, error)) {
    if (stays(entry.path())) continue;
    std::error_code removed;
    fs::remove_all(entry.path(), removed);
    if (removed) return failed("remove", entry.path(), removed);
  }
  if (error) return failed("list", data, error);
  return copy_entries(folder_in(data), data);
}

}  // namespace gridloom::app
